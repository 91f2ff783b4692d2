"""Heap calls of the server per request in steady state: 50 x 16, 9:1 get:set."""

from calls import counting
from servers import freshet, memcached
from table import Row


def run(bench):
    for value in (100, 4096):
        calls = {}
        for start in (lambda e: freshet(bench.freshet, size="1GiB", environment=e), lambda e: memcached(environment=e)):
            with counting() as counter, start(counter.environment) as server:
                bench.say(f"heap: {value} B, {server.name}")
                figures = bench.generators.load(
                    server, depth=16, value=value, fill=True, warm_up=200_000, seconds=bench.seconds, calls=counter.file)
                calls[server.name] = figures["heap_per_request"]
        yield Row(
            f"heap calls, 50 x 16, {value} B",
            f"{calls['freshet']:.4f}",
            f"{calls['memcached']:.4f}",
            "a request",
            "0.00",
            calls["freshet"] < 0.005,
        )
