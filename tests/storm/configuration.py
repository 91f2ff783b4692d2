"""A configuration that a seed makes, and the servers that it names."""
import collections
import os

from members import Member
from ports import held_port
from worker import Worker

STOP_SECONDS = 3
WAIT_PREFIXES = ("wait/", "side/wait/")
TEXT = """
[server]
listen = ["127.0.0.1:{port}", "unix:{socket}"]
threads = {threads}
memory_max = "{memory}MiB"
stop_timeout = "{stop}s"
allow_exec = true
[store.main]
{main}
[store.side]
{side}
[queue."*"]
max_attempts = 0
backoff = "100ms..2s"
ack_timeout = "{lease}s"
{queues}
[[route]]
prefix = ""
store = "main"
[[route]]
prefix = "side/"
store = "side"
[[route]]
prefix = "wait/"
store = "main"
wait = "300ms"
[[route]]
prefix = "side/wait/"
store = "side"
wait = "200ms"
[[route]]
prefix = "result:"
store = "{results}"
wait = "2s"
[[route]]
prefix = "q/"
queue = "*"
noreply = "{noreply}"
{flows}
"""
QUEUE = """
[queue.{name}]
{options}
[[route]]
prefix = "{name}"
queue = "{name}"
"""
FLOW = """
[[flow]]
from = "{name}"
call = {call}
concurrency = {concurrency}
into = "{results}"
ttl = "{ttl}"
"""

# A queue that clients use: the key that leads to it, its name for an operator, whether its messages may become dead letters, an
# exptime that a message may be given (0: none that counts), and whether it is a broker's.
Queue = collections.namedtuple("Queue", "key name dies exptime broker", defaults=(False, 0, False))


class Configuration:
    def __init__(self, random, folder, brokers=None):
        self.random, self.folder, self.brokers = random, folder, brokers
        choose = random.choice
        self.port = held_port()
        self.socket = os.path.join(folder, "socket")
        self.lease_seconds = choose([1, 2])
        self.members = []
        self.worker = Worker(random)
        self.worked = os.path.join(folder, "worked")
        self.queues = [Queue(b"q/%d" % number, b"%d" % number) for number in range(3)]
        self.task_queues = [b"work", b"call"]
        self.results = choose(["main", "side"])
        main = self._pool(1) if choose([True, False]) else 'url = "memory:"\nsize = "32MiB"'
        self.text = TEXT.format(
            port=self.port, socket=self.socket, threads=choose([1, 2, 3]), memory=choose([32, 64]), stop=STOP_SECONDS, main=main,
            side=self._pool(2), lease=self.lease_seconds, queues=self._queues(), results=self.results,
            noreply=choose(["warn", "close"]), flows=self._flows())

    def addresses(self):
        """Where it listens: a port, a path."""
        return [self.port, self.socket]

    def _queues(self):
        choose, lease = self.random.choice, f'ack_timeout = "{self.lease_seconds}s"'
        self.ordered = choose([True, False])
        ordered = f"ordered = {str(self.ordered).lower()}"
        journal = f'url = "{choose(["journal:", "journal:other.db"])}"'
        self.queues += [Queue(b"small", b"small"), Queue(b"brief", b"brief", dies=True, exptime=1), Queue(b"weak", b"weak", dies=True)]
        options = {
            "small": [lease, 'max_attempts = 0\nbackoff = "50ms..1s"\nlength_max = 20\nbytes_max = "64KiB"', ordered, journal],
            "brief": [lease, "max_attempts = 0\nexpire = true", journal],
            "weak": [lease, 'max_attempts = 2\nbackoff = "10ms..50ms"', journal],
            "work": ['max_attempts = 0\nbackoff = "10ms..200ms"', ordered],
            "call": ['max_attempts = 0\nbackoff = "10ms..200ms"', journal],
        }
        text = "".join(QUEUE.format(name=name, options="\n".join(lines)) for name, lines in options.items())
        if self.brokers:
            self.queues += [Queue(name, name, broker=True) for name in (b"rabbit", b"kafka")]
            text += self.brokers.text(self.random, self.lease_seconds)
        return text

    def _flows(self):
        choose = self.random.choice
        calls = {
            "work": f'{{ exec = ["/usr/bin/tee", "-a", "{self.worked}"], timeout = "5s" }}',
            "call": f'{{ http = "http://127.0.0.1:{self.worker.port}/", timeout = "1s" }}',
        }
        return "".join(FLOW.format(name=name, call=call, concurrency=1 if self.ordered else choose([1, 4]), results=self.results, ttl=choose(["0s", "1m", "2s"]))
                       for name, call in calls.items())

    def _pool(self, members_max):
        """The first of its members has a proxy, so that there is one."""
        choose = self.random.choice
        count = self.random.randrange(members_max) + 1
        members = [Member(self.folder, f"member-{len(self.members) + number}", "proxy" if number == 0 else choose(["port", "socket"]))
                   for number in range(count)]
        self.members += members
        urls = ", ".join(f'"{member.url}"' for member in members)
        return "\n".join([
            f"url = [{urls}]", f'timeout = "{choose([300, 1_000])}ms"', 'backoff = "20ms..300ms"', f'hash = "{choose(["ketama", "modula"])}"',
            f'on_get_error = "{choose(["miss", "error"])}"', f"failures_max = {choose([1, 3])}", f"waiting_max = {choose([8, 262_144])}",
            f"flush_all = {choose(['true', 'false'])}"])

    def proxies(self):
        return [member.proxy for member in self.members if member.proxy]

    def stop_servers(self):
        self.worker.stop()
        for member in self.members:
            member.stop()
        if self.brokers:
            self.brokers.stop()
