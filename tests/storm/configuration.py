"""A configuration that a seed makes, and the servers that it names."""
from members import Member
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
{main}
[store.side]
{side}
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
prefix = "side/"
store = "side"
[[route]]
prefix = "wait/"
store = "main"
wait = "300ms"
[[route]]
prefix = "result:"
store = "{results}"
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
into = "{results}"
ttl = "1m"
"""


class Configuration:
    def __init__(self, random):
        self.random = random
        choose = random.choice
        self.port = held_port()
        self.lease_seconds = choose([1, 2])
        self.members = []
        main = self._pool(1) if choose([True, False]) else 'url = "memory:"\nsize = "32MiB"'
        work, concurrency = choose([("", 1), ("", 4), ("ordered = true", 1)])
        self.text = TEXT.format(port=self.port, threads=choose([1, 2, 3]), stop=STOP_SECONDS, main=main, side=self._pool(2),
                                results=choose(["main", "side"]), lease=self.lease_seconds * 1_000, work=work, concurrency=concurrency)

    def _pool(self, members_max):
        """The first of its members has a proxy, so that there is one."""
        members = [Member(proxied=number == 0) for number in range(self.random.randrange(members_max) + 1)]
        self.members += members
        urls = ", ".join(f'"{member.url}"' for member in members)
        return f'url = [{urls}]\ntimeout = "{self.random.choice([100, 300])}ms"\nbackoff = "20ms..300ms"'

    def proxies(self):
        return [member.proxy for member in self.members if member.proxy]

    def stop_servers(self):
        for member in self.members:
            member.stop()
