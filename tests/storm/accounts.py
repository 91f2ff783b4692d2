"""The end of a storm: all that is left is taken and worked on, and what was confirmed has been seen then."""
import time

from connection import Connection
from program import SLOW

SECONDS = 60 * SLOW
BROKER_SECONDS = 120    # for a group of Kafka that has lost a member, and a connection that is made again
SHOWN = 5
NOBODYS_FAULT = {"the process ended three times while this alone was worked on"}


def settle_accounts(program, configuration, ledger):
    end = time.monotonic() + SECONDS
    for queue in configuration.queues:
        while not _drain(program, ledger, queue) and time.monotonic() < end:
            pass
    end = time.monotonic() + BROKER_SECONDS
    for queue in [queue for queue in configuration.queues if queue.broker]:
        while ledger.missing(queue.name) and time.monotonic() < end:
            _drain(program, ledger, queue)
    missing = ledger.missing()
    for body in missing[:SHOWN]:
        ledger.fault(f"a message that was confirmed is lost: {body[:60]!r}, one of {len(missing)}")
    _settle_tasks(program, configuration, ledger)


def _drain(program, ledger, queue):
    """Whether the queue is empty, and has no dead letters; of a broker's queue only what is here is known."""
    with Connection(program.port) as connection:
        asked = ledger.ask()
        said = connection.get(b"gets %s/open/t=100" % queue.key)
        if not isinstance(said, tuple):
            return queue.broker or (said is None and _is_empty(program, connection, ledger, queue))
        ledger.deliver(said[0], asked, queue.broker)
        if connection.ask(b"delete %s/%s" % (queue.key, said[1])) == b"DELETED":
            ledger.settle(said[0])
    return False


def _is_empty(program, connection, ledger, queue):
    waiting, dead = _figures(connection, queue.name)
    if waiting == 0 and dead != 0:
        name = queue.name.decode()
        if not queue.dies and (reasons := program.dead_reasons(name) - NOBODYS_FAULT):
            ledger.fault(f"queue {name} has dead letters: {reasons}")
        ledger.count("replayed")
        program.replay_dead(name)
        return False
    return waiting == 0


def _figures(connection, queue):
    """How many messages there are, and how many dead letters."""
    figures = connection.statistics(b"stats queues")
    return sum(int(figures.get(queue + what, 0)) for what in (b":ready", b":leased", b":delayed")), int(figures.get(queue + b":dead", 0))


def _settle_tasks(program, configuration, ledger):
    end = time.monotonic() + SECONDS
    with Connection(program.port) as connection:
        for queue in configuration.task_queues:
            while _figures(connection, queue)[0] != 0:
                if time.monotonic() > end:
                    ledger.fault(f"queue {queue.decode()} is not worked off")
                    break
                time.sleep(0.05)
    with open(configuration.worked, "ab+") as file:
        file.seek(0)
        worked = set(file.read().splitlines(keepends=True))
    for task in sorted(ledger.tasks - worked - configuration.worker.seen)[:SHOWN]:
        ledger.fault(f"nobody has worked on a task that was confirmed: {task!r}")
