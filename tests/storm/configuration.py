"""A configuration that a seed makes, and the servers that it names."""
import os

import servers
from ports import held_port

STOP_SECONDS = 3
QUEUES = 3
TEXT = """
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
backoff = "100ms..2s"
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


class Configuration:
    def __init__(self, random):
        choose = random.choice
        self.port = held_port()
        self.lease_seconds = choose([1, 2])
        self.members = []
        if random.random() < 0.5:
            store = 'url = "memory:"\nsize = "32MiB"'
        else:
            program = os.environ.get("MEMCACHED_NEW") or servers.memcached_old()
            self.members = [self._member(program) for _ in range(random.randrange(1, 4))]
            urls = ", ".join(f'"memcached://127.0.0.1:{member.port}"' for member in self.members)
            store = f'url = [{urls}]\ntimeout = "{choose([100, 300])}ms"\nbackoff = "20ms..300ms"'
        work, concurrency = choose([("", 1), ("", 4), ("ordered = true", 1)])
        self.text = TEXT.format(port=self.port, threads=choose([1, 2, 3]), stop=STOP_SECONDS, store=store,
                                lease=self.lease_seconds * 1_000, work=work, concurrency=concurrency)

    @staticmethod
    def _member(program):
        return servers.Server("memcached", lambda port, folder: [
            program, "-u", "root", "-l", "127.0.0.1", "-p", str(port), "-t", "1", "-m", "64"])

    def stop_servers(self):
        for member in self.members:
            member.stop()
