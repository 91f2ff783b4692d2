"""The end of a storm: all that is left is taken, and what was confirmed has been seen then."""
import time

from configuration import QUEUES
from connection import Connection
from program import SLOW

SECONDS = 60 * SLOW


def settle_accounts(program, ledger):
    end = time.monotonic() + SECONDS
    for queue in range(QUEUES):
        while not _drain(program, ledger, queue) and time.monotonic() < end:
            pass
    for body in ledger.missing()[:5]:
        ledger.fault(f"a message that was confirmed is lost: {body[:60]!r}")


def _drain(program, ledger, queue):
    """Whether the queue is empty."""
    with Connection(program.port) as connection:
        asked = ledger.ask()
        said = connection.get(b"gets q/%d/open/t=100" % queue)
        if not isinstance(said, tuple):
            return said is None and _is_empty(connection, ledger, queue)
        ledger.deliver(said[0], asked)
        if connection.ask(b"delete q/%d/%s" % (queue, said[1])) == b"DELETED":
            ledger.settle(said[0])
    return False


def _is_empty(connection, ledger, queue):
    figures = connection.statistics(b"stats queues")
    name = b"%d:" % queue
    if int(figures.get(name + b"dead", 0)) != 0:
        ledger.fault(f"queue {queue} has dead letters")
    return all(int(figures.get(name + what, 0)) == 0 for what in (b"ready", b"leased", b"delayed"))
