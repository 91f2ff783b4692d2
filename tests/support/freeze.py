"""A process that hangs: it lives, its connections stay open, and nothing of it runs."""

import os
import signal
import time

SECONDS = 10


def freeze(process):
    """SIGSTOP. No thread of it runs when this returns: they are stopped one after the other."""
    process.send_signal(signal.SIGSTOP)
    end = time.monotonic() + SECONDS
    while not _stands_still(process.pid):
        if time.monotonic() > end:
            raise RuntimeError(f"process {process.pid} does not stop")
        time.sleep(0.001)


def _stands_still(pid):
    tasks = f"/proc/{pid}/task"
    for task in os.listdir(tasks):
        with open(f"{tasks}/{task}/stat") as file:
            if file.read().rsplit(")", 1)[1].split()[0] != "T":
                return False
    return True


def thaw(process):
    process.send_signal(signal.SIGCONT)
