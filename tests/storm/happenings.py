"""What happens to the program, one thing after the other."""
import time

from connection import Connection, Gone
from freeze import freeze, thaw

SEEDS_OF_CI = 3
DAY_SECONDS = 86_400


class Happenings:
    """Each of `kinds` for certain in one of any SEEDS_OF_CI seeds that follow one another: a seed begins with its share of them, and
    the run lasts until it has had that. Then any of them, in any order."""

    def __init__(self, storm):
        self.program, self.machine, self.ledger = storm.program, storm.machine, storm.ledger
        self.configuration, self.random = storm.configuration, storm.random
        self.kinds = [self.kill, self.stop, self.disk_stands_still, self.calls_fail, self.clock_steps]
        if self.configuration.members:
            self.kinds += [self.member_stands_still]
        self.due = self.kinds[storm.seed % SEEDS_OF_CI::SEEDS_OF_CI]
        self.random.shuffle(self.due)
        self.ids = 0

    def let_one_happen(self):
        happening = self.due.pop() if self.due else self.random.choice(self.kinds)
        self.ledger.count(happening.__name__)
        happening()

    def _a_moment(self):
        time.sleep(self.random.random())

    def kill(self):
        self.program.kill()
        self.program.start()

    def stop(self):
        self.program.stop()
        self.program.start()

    def disk_stands_still(self):
        with self.machine.sync_stands_still():
            self._a_moment()

    def calls_fail(self):
        with self.machine.calls_fail(*(self.random.choice([0, 20, 200]) for _ in range(4))):
            self._a_moment()

    def member_stands_still(self):
        member = self.random.choice(self.configuration.members)
        freeze(member.process)
        self._a_moment()
        thaw(member.process)

    def clock_steps(self):
        """And an id that was accepted once stays so: what `add` remembers lasts as long whoever sets the clock. Nor do leases
        follow it, which the ledger knows of each delivery."""
        self.ids += 1
        name = b"once-%d" % self.ids
        known = self._add(name, name) == b"STORED"
        for _ in range(self.random.randrange(1, 4)):
            self.machine.set_clock(self.random.choice([-1, 1]) * self.random.choice([0, 2, 3_600, DAY_SECONDS, 40 * DAY_SECONDS]))
            self._a_moment()
            if known and self._add(name, b"not-" + name) == b"STORED":
                self.ledger.fault(f"{name!r} is accepted a second time after a step of the clock")

    def _add(self, name, body):
        self.ledger.publish(body, "maybe")
        try:
            with Connection(self.program.port) as connection:
                said = connection.ask(b"add q/0#%s 0 0 %d\r\n%s" % (name, len(body), body))
        except (Gone, TimeoutError):
            return None
        if said == b"STORED":
            self.ledger.publish(body, "confirmed")
        elif said == b"NOT_STORED" or said.endswith(b"not_done"):
            self.ledger.forget(body)
        return said
