"""Clients that write while servers are killed, and know what may have come of it."""
import collections
import contextlib
import random

DONE = ("STORED", "DELETED", "NOT_FOUND")


def outcome(said):
    """Of a set or a delete: done, not_done or maybe_done."""
    word = "done" if said in DONE else said.rpartition(" ")[2]
    if word not in ("done", "not_done", "maybe_done"):
        raise AssertionError(f"a write is answered {said!r}")
    return word


class Writer:
    """Sets and deletes keys that nobody else writes, each value with its number. A read, if it `reads`, finds nothing older than what
    was answered last."""

    def __init__(self, name, keys=20, reads=False, seed=None):
        self.random = random.Random(f"{seed}-{name}")
        self.possible = {f"{name}-{number}": {None} for number in range(keys)}
        self.reads = reads
        self.asked = self.answered = 0

    def write(self, client):
        key = self.random.choice(list(self.possible))
        if self.reads and self.random.random() < 0.2:
            self._read(client, key)
            return
        self.asked += 1
        value = None if self.random.random() < 0.25 else b"%d" % self.asked
        before = self.possible[key]
        self.possible[key] = before | {value}   # what remains of it where there is no answer
        word = outcome(client.delete(key) if value is None else client.set(key, value))
        if word == "done":
            self.possible[key] = {value}
            self.answered += 1
        elif word == "not_done":
            self.possible[key] = before

    def _read(self, client, key):
        with contextlib.suppress(RuntimeError):     # SERVER_ERROR
            value = client.get(key)
            if value is not None and value not in self.possible[key]:
                raise AssertionError(f"{key} is {value}, and may be {self.possible[key]}")


class Racer:
    """Adds, cas and deletes of keys that others race for, and increments of a counter that is there."""

    KEYS = [f"race-{number}" for number in range(5)]

    def __init__(self, name, counter=None, seed=None):
        self.name, self.counter = name, counter
        self.random = random.Random(f"{seed}-{name}")
        self.refused = set()    # values
        self.number = 0
        self.counted = collections.Counter()    # increments, by outcome

    def write(self, client):
        key, kind = self.random.choice(self.KEYS), self.random.choice(["add", "cas", "cas", "incr", "delete"])
        if kind == "incr" and self.counter:
            self._count(client)
        elif kind == "delete":
            outcome(client.delete(key))
        else:
            self._store(client, key, kind)

    def _store(self, client, key, kind):
        self.number += 1
        value = f"{self.name}={self.number}".encode()
        seen = client.gets(key) if kind == "cas" else None
        if seen:
            said = client.ask(b"cas %s 0 0 %d %s\r\n%s" % (key.encode(), len(value), seen[1], value))
        else:
            said = client.set(key, value, "add")
        if said in ("NOT_STORED", "EXISTS", "NOT_FOUND") or outcome(said) == "not_done":
            self.refused.add(value)

    def _count(self, client):
        self.counted["maybe_done"] += 1     # what it is where there is no answer
        said = client.ask(b"incr %s 1" % self.counter.encode())
        word = "done" if said.isdigit() else "not_done" if said == "NOT_FOUND" else outcome(said)
        self.counted["maybe_done"] -= 1
        self.counted[word] += 1
