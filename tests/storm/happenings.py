"""What happens to the program, one thing after the other."""
import contextlib
import time

from connection import NO_ROOM, Connection, Gone
from machine import CALLS, MEMORY
from members import garbage, half
from program import SLOW

SEEDS_OF_CI = 3
DAY_SECONDS = 86_400
FILL_MESSAGES = 100
BIG = b" " + 500_000 * b"x"
STORED_AGAIN_SECONDS = 10 * SLOW


class Happenings:
    """Each of `kinds` for certain in one of any SEEDS_OF_CI seeds that follow one another: a seed begins with its share of them, and
    the run lasts until it has had that. Then any of them, in any order."""

    def __init__(self, storm):
        self.program, self.machine, self.ledger = storm.program, storm.machine, storm.ledger
        self.configuration, self.random = storm.configuration, storm.random
        self.kinds = [
            self.kill, self.stop, self.disk_stands_still, self.calls_fail, self.sync_fails, self.clock_steps, self.disk_is_full,
            self.member_stands_still, self.member_dies, self.members_cut, self.members_mute, self.members_garble]
        if MEMORY and not self.configuration.brokers:   # what Kafka has handed over and there is no memory for is lost
            self.kinds += [self.memory_fails]
        if self.configuration.brokers:
            self.kinds += [self.broker_dies, self.broker_stands_still, self.brokers_cut]
        if storm.only:
            self.kinds = [getattr(self, storm.only)]
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

    def disk_is_full(self):
        with self.machine.disk_full(self.random.choice([0, 10_000, 1_000_000])):
            self._fill_it()
            self._a_moment()
            if self.random.random() < 0.3:
                self.machine.settles_though_full = False    # without a reserve that it could take at its start
                self.kill()
            self._a_moment()
        self._is_stored_again()

    def _fill_it(self):
        """There may be pages in the files that are used again."""
        for _ in range(FILL_MESSAGES):
            said = self._publish(b"set", self._new_name(b"fill"), BIG)
            if said is None or said.endswith(NO_ROOM):
                return

    def _is_stored_again(self):
        end = time.monotonic() + STORED_AGAIN_SECONDS
        while time.monotonic() < end:
            said = self._publish(b"set", self._new_name(b"again"))
            if said == b"STORED":
                return
            time.sleep(0.05)
        self.ledger.fault(f"nothing is stored although there is room again: {said!r}")

    def calls_fail(self):
        with self.machine.calls_fail(**{name: self.random.choice([0, 20, 200]) for name in CALLS if name != "sync"}):
            self._a_moment()

    def sync_fails(self):
        """What the journal took is on the disk or not, nobody knows; it takes nothing more until it is started again."""
        with self.machine.calls_fail(sync=self.random.choice([50, 1_000])):
            self._a_moment()
        self.random.choice([self.kill, self.stop])()

    def memory_fails(self):
        """It lives; what it could not finish it may have given up until it is started again."""
        with self.machine.memory_fails(self.random.choice([10, 100, 1_000])):
            self._a_moment()
        self.program.look()
        self.random.choice([self.kill, self.stop])()

    def member_stands_still(self):
        member = self.random.choice(self.configuration.members)
        member.stand_still()
        self._a_moment()
        member.go_on()

    def member_dies(self):
        member = self.random.choice(self.configuration.members)
        member.die()
        self._a_moment()
        member.come_back()

    def members_cut(self):
        """In the middle of an answer."""
        for proxy in 3 * self.configuration.proxies():
            proxy.cut_at_next_answer(half)
            self._a_moment()

    def members_mute(self):
        for proxy in 3 * self.configuration.proxies():
            proxy.mute_who_speaks_next()
            self._a_moment()

    def members_garble(self):
        """With and without an end of the connection."""
        for proxy in self.configuration.proxies():
            proxy.mute_who_speaks_next(garbage)
            self._a_moment()
            proxy.cut_at_next_answer(garbage)
            self._a_moment()

    def broker_dies(self):
        with self._disturbed():
            broker = self.random.choice(self.configuration.brokers.all)
            broker.kill()
            self._a_moment()
            broker.start()

    def broker_stands_still(self):
        with self._disturbed():
            broker = self.random.choice(self.configuration.brokers.all)
            broker.stop_process()
            time.sleep(self.random.choice([0.1, 1, 5]))     # more than two heartbeats
            broker.continue_process()

    def brokers_cut(self):
        with self._disturbed():
            for proxy in 2 * self.configuration.brokers.proxies:
                self.random.choice([proxy.cut_at_next_answer, proxy.mute_who_speaks_next])()
                self._a_moment()
                proxy.disarm()      # of a connection that is muted while it joins its group librdkafka expects something for minutes

    @contextlib.contextmanager
    def _disturbed(self):
        self.ledger.disturb()
        yield
        self.ledger.disturb()

    def clock_steps(self):
        """And an id that was accepted once stays so: what `add` remembers lasts as long whoever sets the clock. Nor do leases
        follow it, which the ledger knows of each delivery."""
        name = self._new_name(b"once")
        known = self._publish(b"add", name) == b"STORED"
        for _ in range(self.random.randrange(1, 4)):
            self.machine.set_clock(self.random.choice([-1, 1]) * self.random.choice([0, 2, 3_600, DAY_SECONDS, 40 * DAY_SECONDS]))
            self._a_moment()
            if known and self._publish(b"add", name, b" again") == b"STORED":
                self.ledger.fault(f"{name!r} is accepted a second time after a step of the clock")

    def _new_name(self, what):
        self.ids += 1
        return b"%s-%d" % (what, self.ids)

    def _publish(self, command, name, more=b""):
        body = name + more
        self.ledger.publish(body, "maybe")
        try:
            with Connection(self.program.port) as connection:
                said = connection.ask(command + b" q/0#%s 0 0 %d\r\n%s" % (name, len(body), body))
        except (Gone, TimeoutError):
            return None
        if said == b"STORED":
            self.ledger.publish(body, "confirmed")
        elif said == b"NOT_STORED" or said.endswith(b"not_done"):
            self.ledger.forget(body)
        return said
