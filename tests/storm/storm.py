"""Everything at once, for so many seconds: clients of all kinds over a generated configuration, servers that stall and die, system
calls that fail, stops and kills. What was confirmed is accounted for at the end.

    storm.py [SECONDS] [SEED]      FRESHET, FRESHET_BUILD_DIR and MEMCACHED_NEW as the tests have them"""
import contextlib
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import servers  # noqa: E402
from clients import Connection, Consumer, Gone, Publisher, Reader, Tasker, Vandal  # noqa: E402
from freeze import freeze, thaw  # noqa: E402
from ledger import Ledger  # noqa: E402
from ports import held_port  # noqa: E402

STOP_SECONDS = 3
SLOW = 5 if os.environ.get("STORM_SLOW") else 1     # a sanitizer's build
CONFIG = """
[server]
listen = ["127.0.0.1:{port}"]
threads = {threads}
memory_max = "64MiB"
stop_timeout = "{stop}s"
allow_exec = true
[store.main]
{store}
[queue."*"]
max_attempts = 0
ack_timeout = "{lease}ms"
[queue.work]
max_attempts = 0
backoff = "10ms..200ms"
{work}
[[route]]
prefix = ""
store = "main"
[[route]]
prefix = "wait/"
store = "main"
wait = "300ms"
[[route]]
prefix = "result:"
store = "main"
wait = "2s"
[[route]]
prefix = "q/"
queue = "*"
[[route]]
prefix = "work"
queue = "work"
[[flow]]
from = "work"
call = {{ exec = ["/bin/cat"] }}
concurrency = {concurrency}
into = "main"
ttl = "1m"
"""


class Storm:
    def __init__(self, seconds, seed):
        self.seconds, self.seed = seconds, seed
        self.random = random.Random(seed)
        self.over = threading.Event()
        self.ledger = Ledger()
        self.folder = tempfile.mkdtemp(prefix="freshet-storm-", dir="/var/tmp")
        self.port = held_port()
        self.log = open(os.path.join(self.folder, "log"), "ab")
        self.rates = os.path.join(self.folder, "rates")
        self.slow = os.path.join(self.folder, "slow")
        self.fail_calls(0, 0, 0, 0)
        self.members = []
        self.process = None

    # ---- the program and what is behind it

    def configure(self):
        choose = self.random.choice
        self.in_memory = self.random.random() < 0.5
        if self.in_memory:
            store = 'url = "memory:"\nsize = "32MiB"'
        else:
            program = os.environ.get("MEMCACHED_NEW") or servers.memcached_old()
            self.members = [self.member(program) for _ in range(self.random.randrange(1, 4))]
            urls = ", ".join(f'"memcached://127.0.0.1:{member.port}"' for member in self.members)
            store = f'url = [{urls}]\ntimeout = "{choose([100, 300])}ms"\nbackoff = "20ms..300ms"'
        work, concurrency = choose([("", 1), ("", 4), ("ordered = true", 1)])
        text = CONFIG.format(port=self.port, threads=choose([1, 2, 3]), stop=STOP_SECONDS, store=store, lease=choose([500, 2_000]),
                             work=work, concurrency=concurrency)
        with open(os.path.join(self.folder, "freshet.toml"), "w") as file:
            file.write(text)

    def member(self, program):
        return servers.Server("memcached", lambda port, folder: [
            program, "-u", "root", "-l", "127.0.0.1", "-p", str(port), "-t", "1", "-m", "64"])

    def start(self):
        environment = {**servers.preload("slow_sync"), "SLOW_SYNC": self.slow, "FAILING_CALLS": self.rates}
        environment["LD_PRELOAD"] += ":" + servers.preload("failing_calls")["LD_PRELOAD"]
        self.process = subprocess.Popen(
            [os.environ["FRESHET"], "serve", "-c", os.path.join(self.folder, "freshet.toml"), "--state",
             os.path.join(self.folder, "state")], stdout=self.log, stderr=self.log, env=environment)
        end = time.monotonic() + 20 * SLOW
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"it does not start: status {self.process.returncode}")
            with contextlib.suppress(Gone, TimeoutError, OSError):
                connection = Connection(self.port)
                try:
                    if connection.ask(b"version").startswith(b"VERSION"):
                        return
                finally:
                    connection.leave(0)
            time.sleep(0.02)
        raise RuntimeError("it does not answer at its start")

    def fail_calls(self, *rates):
        with open(self.rates, "r+b" if os.path.exists(self.rates) else "wb") as file:
            file.write(struct.pack("4i", *rates).ljust(4_096, b"\0"))

    # ---- what happens to it

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.start()

    def stop(self):
        begin = time.monotonic()
        self.process.terminate()
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.ledger.fault("it does not stop")
            self.process.kill()
            status = self.process.wait()
        slow = os.path.exists(self.slow)
        if status != 0 and not (slow and status == 1):
            self.ledger.fault(f"a stop ends with status {status}")
        if time.monotonic() - begin > (STOP_SECONDS + 7) * SLOW:
            self.ledger.fault(f"a stop lasts {time.monotonic() - begin:.1f} s")
        self.start()

    def stand_still(self):
        with self.sync_stands_still():
            time.sleep(self.random.random())

    @contextlib.contextmanager
    def sync_stands_still(self):
        with open(self.slow, "w"):
            pass
        try:
            yield
        finally:
            os.unlink(self.slow)

    def calls_fail(self):
        self.fail_calls(*(self.random.choice([0, 20, 200]) for _ in range(4)))
        time.sleep(self.random.random())
        self.fail_calls(0, 0, 0, 0)

    def freeze_a_member(self):
        member = self.random.choice(self.members)
        freeze(member.process)
        time.sleep(self.random.random())
        thaw(member.process)

    def look(self):
        """It lives, and is within its limits."""
        if self.process.poll() is not None:
            self.ledger.fault(f"it has ended by itself, with status {self.process.returncode}")
            self.start()
        with open(f"/proc/{self.process.pid}/status") as status:
            text = status.read()
        threads = int(re.search(r"Threads:\s+(\d+)", text)[1])
        resident = int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) // 1024
        if threads > 64:
            self.ledger.fault(f"it has {threads} threads")
        if SLOW == 1 and resident > 512:
            self.ledger.fault(f"it takes {resident} MiB")

    # ---- from the beginning to the end

    def run(self):
        self.configure()
        self.start()
        kinds = [(Reader, 4), (Publisher, 3), (Consumer, 3), (Tasker, 2), (Vandal, 2)]
        clients = [kind(self, number) for kind, count in kinds for number in range(count)]
        for client in clients:
            client.start()
        happenings = [self.kill, self.stop, self.stand_still, self.calls_fail] + ([self.freeze_a_member] * 2 if self.members else [])
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            time.sleep(self.random.random() * 2)
            self.look()
            happening = self.random.choice(happenings)
            self.ledger.count(happening.__name__)
            happening()
        self.over.set()
        for client in clients:
            client.join(60 * SLOW)
            if client.is_alive():
                self.ledger.fault(f"{client.name} still waits for an answer")
        self.look()
        self.stop()     # in good order: from here on all can be handed out at once
        self.drain()

    def drain(self):
        """Takes what is left: all that was confirmed has been seen then."""
        end = time.monotonic() + 60 * SLOW
        for queue in range(3):
            while time.monotonic() < end:
                connection = Connection(self.port)
                said = connection.get(b"gets q/%d/open/t=100" % queue)
                if isinstance(said, tuple):
                    self.ledger.deliver(said[0])
                    if connection.ask(b"delete q/%d/%s" % (queue, said[1])) == b"DELETED":
                        self.ledger.settle(said[0])
                connection.leave(0)
                if said is None and self.is_empty(queue):
                    break
        for body in self.ledger.missing()[:5]:
            self.ledger.fault(f"a message that was confirmed is lost: {body[:60]!r}")

    def is_empty(self, queue):
        connection = Connection(self.port)
        connection.send(b"stats queues\r\n")
        figures = {}
        while (line := connection.line()) != b"END":
            _, name, value = line.split()
            figures[name] = int(value)
        connection.leave(0)
        name = b"%d:" % queue
        if figures.get(name + b"dead", 0) != 0:
            self.ledger.fault(f"queue {queue} has dead letters")
        return all(figures.get(name + what, 0) == 0 for what in (b"ready", b"leased", b"delayed"))

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for member in self.members:
            member.stop()


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 31)
    print(f"storm: seed {seed}, {seconds} s", flush=True)
    storm = Storm(seconds, seed)
    try:
        storm.run()
    except RuntimeError as error:
        storm.ledger.fault(str(error))
    finally:
        storm.close()
    print("storm:", ", ".join(f"{what} {count}" for what, count in sorted(storm.ledger.counts.items())))
    for fault in storm.ledger.faults:
        print("storm: FAULT:", fault)
    if storm.ledger.faults:
        print(f"storm: its log and its files are in {storm.folder}; again: storm.py {seconds} {seed}")
        return 1
    shutil.rmtree(storm.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
