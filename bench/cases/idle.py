"""User memory of idle connections, after each has had one request answered."""

from servers import freshet, memcached
from table import Row

CONNECTIONS = 10_000


def run(bench):
    each = {}
    for start in (lambda n: freshet(bench.freshet, size="64MiB", connections=n), lambda n: memcached(64, n)):
        with start(CONNECTIONS + 100) as server:
            bench.say(f"idle: {CONNECTIONS} connections to {server.name}")
            bench.generators.load(server, fill=True, keys=1000, requests=1000)
            before = server.memory_bytes("RssAnon")
            with bench.generators.holding(server, connections=CONNECTIONS, keys=1000, requests=CONNECTIONS, ratio="1:0"):
                each[server.name] = (server.memory_bytes("RssAnon") - before) / CONNECTIONS
    yield Row(
        "10,000 idle connections",
        f"{each['freshet']:.0f} B each",
        f"{each['memcached']:.0f} B each",
        "user memory",
        "<= 1024 B",
        each["freshet"] <= 1024,
    )
