"""Clients of all kinds, each a thread, that leave in every way. What they are told goes into the ledger."""
import random
import threading
import time

from configuration import WAIT_PREFIXES
from connection import ANSWER_SECONDS, NO_ROOM, Connection, Gone
from ledger import Values
from worker import REFUSED


class Client(threading.Thread):
    def __init__(self, storm, number):
        super().__init__(daemon=True, name=f"{type(self).__name__}-{number}")
        self.storm = storm
        self.configuration = storm.configuration
        self.ledger = storm.ledger
        self.random = random.Random(f"{storm.seed}-{self.name}")
        self.number = number

    def run(self):
        while not self.storm.over.is_set():
            connection = None
            try:
                connection = Connection(self.random.choice(self.storm.program.addresses))
                for _ in range(self.random.randrange(1, 60)):
                    if self.storm.over.is_set():
                        break
                    self.act(connection)
            except Gone:
                time.sleep(0.02)
            except TimeoutError:
                self.ledger.fault(f"{self.name}: no answer in {ANSWER_SECONDS} s")
            except AssertionError as error:
                self.ledger.fault(f"{self.name}: {error}")
            finally:
                if connection is not None:
                    connection.leave(self.random.randrange(3))


class Reader(Client):
    """Sets and gets keys of its own in each store: what it reads is what it wrote, or nothing."""

    def __init__(self, storm, number):
        super().__init__(storm, number)
        self.values = {}
        self.written = 0

    def act(self, connection):
        key = b"%skey-%d-%d" % (self.random.choice([b"", b"side/"]), self.number, self.random.randrange(20))
        values = self.values.setdefault(key, Values())
        if self.random.random() < 0.5:
            self.written += 1
            value = (b"%s=%d " % (key, self.written)) + b"x" * self.random.choice([0, 10, 1_000, 100_000])
            values.may_have_written(value)
            said = connection.ask(b"set %s 0 0 %d\r\n%s" % (key, len(value), value))
            if said == b"STORED":
                values.possible -= {(value,)}
                values.wrote(value)
            elif said.endswith(b"not_done"):
                values.possible -= {(value,), value}
                self.ledger.count("values not_done")
            elif said.endswith(b"maybe_done"):
                self.ledger.count("values maybe_done")
            else:
                raise AssertionError(f"set is answered {said!r}")
        else:
            said = connection.get(b"get " + key)
            if isinstance(said, bytes):
                if not said.startswith(b"SERVER_ERROR "):
                    raise AssertionError(f"get is answered {said!r}")
                return
            value = said[0] if said else None
            if not values.allows(value):
                self.ledger.fault(f"{key!r} has {value[:40] if value else value!r}, which it cannot have")
        self.ledger.count("values")


class Publisher(Client):
    def __init__(self, storm, number):
        super().__init__(storm, number)
        self.made = 0

    def act(self, connection):
        self.made += 1
        queue = self.random.choice(self.configuration.queues)
        body = b"%s-%d-%d-" % (queue.name, self.number, self.made) + b"x" * self.random.choice([0, 0, 100, 20_000])
        self.ledger.publish(body, "maybe")
        command = b"set %s 0 %d %d" % (queue.key, self.random.choice([0, queue.exptime]), len(body))
        if self.random.random() < 0.05:     # and never knows
            return connection.send(command + b" noreply\r\n" + body + b"\r\n")
        said = connection.ask(command + b"\r\n" + body)
        if said == b"STORED":
            self.ledger.publish(body, "confirmed")
        elif said.endswith(b"not_done"):
            self.ledger.forget(body)
            self.ledger.count("refused: " + said.decode().split(maxsplit=3)[3])
        elif not said.endswith(b"maybe_done"):
            raise AssertionError(f"a publish is answered {said!r}")


class Consumer(Client):
    """Takes messages and settles most of them; leaves with some of them open."""

    def act(self, connection):
        queue, broker = self.random.choice([(queue.key, queue.broker) for queue in self.configuration.queues])
        wait = self.random.choice([b"", b"/t=50"])
        asked = self.ledger.ask()
        said = connection.get(b"gets " + queue + b"/open" + wait)
        self._needs_no_room(said)
        if said is None or isinstance(said, bytes):
            return
        body, number = said
        self.ledger.deliver(body, asked, broker)
        choice = self.random.random()
        if choice < 0.1:
            raise Gone("it leaves with the message")
        if choice < 0.2:
            self.ledger.give_back(body)
            connection.ask(b"get " + queue + b"/abort")
            return
        said = connection.ask(b"delete %s/%s" % (queue, number))
        self._needs_no_room(said)
        if said == b"DELETED":
            self.ledger.settle(body)
        elif said.startswith(b"SERVER_ERROR "):
            raise Gone("it leaves what it could not settle")
        elif said != b"NOT_FOUND":
            raise AssertionError(f"a delete of message {number!r} of {queue!r} is answered {said!r}")

    def _needs_no_room(self, said):
        if isinstance(said, bytes) and said.endswith(NO_ROOM) and self.storm.machine.settles_though_full:
            self.ledger.fault(f"the reserve is there, and all the same: {said!r}")


class Tasker(Client):
    """A task's result is its body, however often it was worked on; or an error, where its worker refuses it."""

    def __init__(self, storm, number):
        super().__init__(storm, number)
        self.made = 0

    def act(self, connection):
        self.made += 1
        queue = self.random.choice(self.configuration.task_queues)
        refused = queue == b"call" and self.random.random() < 0.1
        name = b"%d-%d-%d" % (self.number, self.made, self.random.randrange(1 << 30))
        task = (REFUSED if refused else b"") + name + b"\n"
        said = connection.ask(b"set %s#%s 0 0 %d\r\n%s" % (queue, name, len(task), task))
        if said != b"STORED":
            return
        self.ledger.task(task)
        said = connection.get(b"get result:" + name)
        if isinstance(said, tuple) and (not said[0].startswith(b"ERROR ") if refused else said[0] != task):
            self.ledger.fault(f"the result of {task!r} is {said[0]!r}")
        self.ledger.count("results" if isinstance(said, tuple) else "results that were not waited for")


class Vandal(Client):
    """Says what no client says, and does not read."""

    def act(self, connection):
        what = self.random.randrange(9)
        if what == 0:
            connection.send(self.random.randbytes(self.random.randrange(1, 4_000)))
        elif what == 1:
            connection.send(b"set half 0 0 900000\r\n" + b"x" * self.random.randrange(400_000))
        elif what == 2:
            connection.send(b"get %snothing\r\n" % self.random.choice(WAIT_PREFIXES).encode() * 200)
        elif what == 3:
            connection.send(b"".join(b"get key-%d-%d\r\n" % (n % 4, n % 20) for n in range(2_000)))
        elif what == 4:
            connection.send(b"get q/0/open/t=1000\r\n")
        elif what == 5:
            connection.send(b"stats\r\nstats queues\r\nstats servers\r\nstats settings\r\n" * 20)
        elif what == 6:
            connection.send(b"get " + b"k" * self.random.randrange(3_000) + b"\r\n")
        elif what == 7:
            connection.send(b"flush_all\r\n")
        else:
            connection.send(b"mg key-0-1 v t s k O123 q\r\nms vandal S5\r\nmn\r\nma vandal N0 J5\r\n")
        raise Gone("it has had enough")
