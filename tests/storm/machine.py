"""The machine under the program, as libraries of tests/preload make it: its clock, its disk, its system calls."""
import contextlib
import glob
import os

import servers
from numbers_file import NumbersFile

LIBRARIES = ["slow_sync", "failing_calls", "stepped_clock", "full_disk"]
MEMORY = [name for name in ["failing_new"] if servers.has_preload(name)]     # a sanitizer has an operator new of its own
CALLS = ("accept", "epoll_add", "short_recv", "short_send", "open", "socket", "pipe", "clone", "sync")   # of failing_calls.c
ENOUGH = -1


class Machine:
    def __init__(self, folder):
        self.rates = NumbersFile(os.path.join(folder, "rates"), f"{len(CALLS)}i")
        self.step = NumbersFile(os.path.join(folder, "step"), "q")
        self.room = NumbersFile(os.path.join(folder, "room"), "q")
        self.room.set(ENOUGH)
        self.no_memory = NumbersFile(os.path.join(folder, "no-memory"), "i")
        self.state = os.path.join(folder, "state")
        self.slow = os.path.join(folder, "slow")
        self.settles_though_full = True

    def environment(self):
        libraries = [servers.preload(name) for name in LIBRARIES + MEMORY]
        return {**libraries[0], "LD_PRELOAD": ":".join(library["LD_PRELOAD"] for library in libraries),
                "SLOW_SYNC": self.slow, "FAILING_CALLS": self.rates.path, "STEPPED_CLOCK": self.step.path,
                "FULL_DISK": self.room.path, "FULL_DISK_FOLDER": self.state,
                "FAILING_NEW": self.no_memory.path}

    @contextlib.contextmanager
    def calls_fail(self, **rates):
        """Of CALLS, so many in a thousand."""
        self.rates.set(*(rates.get(name, 0) for name in CALLS))
        try:
            yield
        finally:
            self.rates.set(*(0 for _ in CALLS))

    @contextlib.contextmanager
    def memory_fails(self, rate):
        """Of the program's own, so often in a hundred thousand times."""
        self.no_memory.set(rate)
        try:
            yield
        finally:
            self.no_memory.set(0)

    @contextlib.contextmanager
    def sync_stands_still(self):
        with open(self.slow, "w"):
            pass
        try:
            yield
        finally:
            os.unlink(self.slow)

    @contextlib.contextmanager
    def disk_full(self, room_bytes):
        """The files of the state folder grow by so much, and no more. What is settled goes from the reserve, if it is there; of two
        journals one may take for its reserve what the other has given up."""
        reserves = glob.glob(os.path.join(self.state, "*.reserve"))
        self.settles_though_full = len(reserves) == 1 and os.path.getsize(reserves[0]) > 0
        self.room.set(room_bytes)
        try:
            yield
        finally:
            self.room.set(ENOUGH)

    def set_clock(self, seconds):
        """The date is so much later than the system's."""
        self.step.set(round(seconds * 1_000))
