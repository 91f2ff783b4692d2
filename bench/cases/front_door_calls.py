"""System calls and heap calls of the proxy per request: 9:1 get:set, two servers behind, the proxy alone on its core."""

from calls import counting
from fronts import BARE_LOOP, alone, attempted, bare_loop, freshet_front, memcached_pool, nutcracker
from table import Row

CONNECTIONS = 50
SYSTEM_GOALS = {1: 2.3, 16: 0.25}  # by depth


def run(bench):
    with memcached_pool(2) as pool:
        for depth in SYSTEM_GOALS:
            what = f"front door, system calls, {CONNECTIONS} x {depth}, 100 B"
            yield from attempted(what, lambda: system_row(bench, pool, what, depth))
        for value in (100, 4096):
            what = f"front door, heap calls, {CONNECTIONS} x 16, {value} B"
            yield from attempted(what, lambda: heap_row(bench, pool, what, value))


def system_row(bench, pool, what, depth):
    all_starts = *starts(bench, pool), lambda e: bare_loop(bench.bare_loop, pool, e)
    ours, peer, bare = (system_calls(bench, pool, start, depth) for start in all_starts)
    goal = SYSTEM_GOALS[depth]
    yield Row(
        what,
        f"{ours:.2f}",
        f"nutcracker {peer:.2f}, {BARE_LOOP} {bare:.2f}",
        "a request",
        f"<= {goal}",
        round(ours, 2) <= goal,
        "counted in libc",
    )


def heap_row(bench, pool, what, value):
    ours, peer = (heap_calls(bench, pool, start, value) for start in starts(bench, pool))
    yield Row(what, f"{ours:.4f}", f"nutcracker {peer:.4f}", "a request", "0.00", ours < 0.005)


def starts(bench, pool):
    return (lambda e: freshet_front(bench.freshet, pool, 2 * CONNECTIONS, e)), (lambda e: nutcracker(pool, e))


def system_calls(bench, pool, start, depth):
    with counting() as counter, start(counter.environment) as front:
        bench.say(f"front door: system calls of {front.name}, depth {depth}")
        bench.generators.load(front, fill=True, depth=16, requests=10_000)
        before = counter.system_calls()
        figures = alone(bench, front, pool, connections=CONNECTIONS, depth=depth, seconds=bench.seconds)
        return (counter.system_calls() - before) / figures["requests"]


def heap_calls(bench, pool, start, value):
    with counting() as counter, start(counter.environment) as front:
        bench.say(f"front door: heap calls of {front.name}, {value} B")
        figures = alone(bench, front, pool, connections=CONNECTIONS, depth=16, value=value, fill=True, warm_up=200_000,
                        seconds=bench.seconds, calls=counter.file)
        return figures["heap_per_request"]
