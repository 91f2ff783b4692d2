"""What was promised, and what has come of it: of messages and of values, each named by its own text."""
import collections
import threading
import time

QUIET_SECONDS = 30      # then a broker and its connections are as they were

Settled = collections.namedtuple("Settled", "when quiet disturbance")


class Ledger:
    """Any thread. `lease_seconds`: of each delivery."""

    def __init__(self, lease_seconds):
        self._lock = threading.Lock()
        self._lease_seconds = lease_seconds
        self._disturbances = 0
        self._disturbed = 0.0   # when it was the last time
        self._leases = {}       # body -> when it was asked for and came, behind which disturbance
        self.faults = []
        self.published = {}     # body -> "confirmed", "maybe"
        self.seen = set()       # bodies that were handed out
        self.settled = {}       # bodies whose acknowledgement was confirmed -> Settled
        self.tasks = set()      # that were confirmed
        self.counts = {}

    def fault(self, text):
        with self._lock:
            if len(self.faults) < 20:
                self.faults.append(text)

    def count(self, what):
        with self._lock:
            self.counts[what] = self.counts.get(what, 0) + 1

    def publish(self, body, outcome):
        self.count("published " + outcome)
        with self._lock:
            self.published[body] = outcome

    def forget(self, body):
        """It was refused for certain."""
        with self._lock:
            self.published[body] = "refused"

    def disturb(self):
        """The program is about to start, or something happens or has happened to a broker: leases end, and brokers forget."""
        with self._lock:
            self._disturbances += 1
            self._disturbed = time.monotonic()

    def ask(self):
        """What `deliver` wants to know of the moment before a message was asked for."""
        with self._lock:
            return time.monotonic(), self._disturbances

    def give_back(self, body):
        """It may come again before its lease is over."""
        with self._lock:
            self._leases.pop(body, None)

    def deliver(self, body, asked, broker=False):
        """`broker`: what it was told last it may not have heard, or have forgotten."""
        with self._lock:
            early = self._comes_early(body, *asked)
            outcome = self.published.get(body)
            settled = self.settled.get(body)
            self.seen.add(body)
            again = settled is not None and settled.when < asked[0]     # one that was on its way then is none
            forgotten = broker and not (settled and settled.quiet and settled.disturbance == self._disturbances)
        self.count("delivered")
        if outcome is None:
            self.fault(f"a message that nobody published: {body[:60]!r}")
        elif outcome == "refused":
            self.fault(f"a message that was refused, not_done: {body[:60]!r}")
        if early:
            self.fault(f"a message comes again although its lease is not over: {body[:60]!r}")
        if again and forgotten:
            self.count("settled in vain")
        elif again:
            self.fault(f"a message comes again whose acknowledgement was confirmed: {body[:60]!r}")

    def _comes_early(self, body, asked, disturbance):
        """Two clients may tell of it in the wrong order. Half of a lease: on a busy machine it begins before it is told."""
        now = time.monotonic()
        before = self._leases.get(body)
        self._leases[body] = (asked, now, disturbance)
        if before is None or not before[2] == disturbance == self._disturbances:
            return False
        return max(now - before[0], before[1] - asked) < self._lease_seconds / 2

    def settle(self, body):
        self.count("settled")
        with self._lock:
            now = time.monotonic()
            self.settled[body] = Settled(now, now - self._disturbed > QUIET_SECONDS, self._disturbances)

    def task(self, body):
        with self._lock:
            self.tasks.add(body)

    def missing(self, beginning=b""):
        """Confirmed, and neither seen nor settled; of those whose text begins so."""
        with self._lock:
            return [body for body, outcome in self.published.items()
                    if outcome == "confirmed" and body not in self.seen and body.startswith(beginning)]


class Values:
    """What a key may have: of one writer, whose values name key and number."""

    def __init__(self):
        self.possible = {None}

    def wrote(self, value):
        """Confirmed. What was not known before may still happen behind it."""
        self.possible = {value, None} | self.unknown()

    def may_have_written(self, value):
        self.possible = self.possible | {(value,)} | {value}

    def unknown(self):
        """Written with maybe_done: for ever, since a server that stood still may do it late."""
        marks = {value for value in self.possible if isinstance(value, tuple)}
        return marks | {mark[0] for mark in marks}

    def allows(self, value):
        return value in self.possible
