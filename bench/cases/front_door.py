"""The proxy in front of a pool, against nutcracker, memcached 1.6.38's proxy, memcached 1.6.18 asked directly, and
the bare loop, which no goal asks to beat."""

import contextlib
from dataclasses import dataclass

from fronts import (
    BARE_LOOP, alone, attempted, bare_loop, by_unix_socket, freshet_front, memcached_pool, memcached_proxy, nutcracker,
    unpinned)
from generators import in_turn, medians
from servers import CannotRun
from table import Row, not_measured, thousands

CONNECTIONS_MAX = 2048
GENERATOR_IS_THE_LIMIT = 0.9
VALUES = (100, 4096)


@dataclass(frozen=True)
class Shape:
    connections: int
    depth: int
    value: int
    cpu_goal: float  # ours over nutcracker's
    above_memcached: bool = False  # asked directly, at requests/s

    def name(self):
        return f"front door {self.connections:,} x {self.depth}, {self.value} B"


SHAPES = [
    Shape(50, 16, 100, 0.33, above_memcached=True),
    Shape(50, 1, 100, 0.72),
    Shape(1000, 1, 100, 0.55),
    Shape(50, 16, 4096, 0.5),
    Shape(1000, 1, 4096, 0.55),
]
UNIX = "front door 50 x 1, 100 B, client on a Unix socket"
UNIX_GOAL = 0.5
MULTI_SERVERS, MULTI_KEYS, MULTI_GOAL = 10, 100, 0.33
MULTI = f"front door, a key of a multi-get of {MULTI_KEYS}, {MULTI_SERVERS} servers"


def run(bench):
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(memcached_pool(2))
        fronts, why = start_fronts(bench, stack, pool)
        if why:
            yield not_measured("front door: memcached 1.6.38's proxy", why)
        for value in VALUES:
            for target in (*fronts, pool[0]):
                bench.generators.load(target, fill=True, value=value, depth=16, requests=1)
            for shape in SHAPES:
                if shape.value == value:
                    yield from attempted(shape.name(), lambda: compare(bench, shape, fronts, pool))
            if value == VALUES[0]:
                yield from attempted(UNIX, lambda: unix_socket(bench, fronts, pool))
    yield from attempted(MULTI, lambda: multi_get(bench))


def start_fronts(bench, stack, pool):
    """Freshet first, nutcracker second, the bare loop third, memcached's proxy last if there is one; and why there is
    none."""
    fronts = [stack.enter_context(freshet_front(bench.freshet, pool, CONNECTIONS_MAX)),
              stack.enter_context(nutcracker(pool)), stack.enter_context(bare_loop(bench.bare_loop, pool))]
    try:
        fronts.append(stack.enter_context(memcached_proxy(pool, CONNECTIONS_MAX)))
    except CannotRun as why:
        return fronts, str(why)
    return fronts, None


def compare(bench, shape, fronts, pool):
    what = shape.name()
    load = dict(connections=shape.connections, depth=shape.depth, value=shape.value, seconds=bench.seconds,
                warm_up=10 * shape.connections)
    bench.say(f"{what}: CPU")
    yield cpu_row(what, measure(bench, fronts, lambda front: alone(bench, front, pool, **load)), shape.cpu_goal)
    bench.say(f"{what}: requests/s")
    peers = [*fronts, pool[0]]
    runs = measure(bench, peers, lambda peer: unpinned(bench, peer, [*fronts, *pool], **load))
    yield rate_row(what, runs, shape.above_memcached)


def unix_socket(bench, fronts, pool):
    bench.say(UNIX)
    ours = fronts[0]

    def one(front):
        client = by_unix_socket(front) if front is ours else front
        return alone(bench, front, pool, client=client, connections=50, depth=1, seconds=bench.seconds, warm_up=500)

    yield cpu_row(UNIX, measure(bench, fronts[:2], one), UNIX_GOAL, "nutcracker by TCP")


def multi_get(bench):
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(memcached_pool(MULTI_SERVERS))
        fronts, _ = start_fronts(bench, stack, pool)
        for front in fronts:
            bench.generators.load(front, fill=True, depth=16, requests=1)
        load = dict(connections=50, depth=1, multi=MULTI_KEYS, ratio="1:0", seconds=bench.seconds)
        bench.say(f"{MULTI}: CPU")
        yield cpu_row(MULTI, measure(bench, fronts, lambda front: alone(bench, front, pool, **load)), MULTI_GOAL)
        bench.say(f"{MULTI}: keys/s")
        runs = measure(bench, fronts, lambda front: unpinned(bench, front, [*fronts, *pool], **load))
        yield rate_row(MULTI, runs, above_memcached=False, judged=False)


def measure(bench, peers, one):
    """The medians of each peer's runs, in turn."""
    runs = {peer: [] for peer in peers}
    for peer in in_turn(bench.rounds, *peers):
        runs[peer].append(one(peer))
    return {peer.name: medians(found, "T_per_s", "server_cpu_us", "own_cpu") for peer, found in runs.items()}


def cpu_row(what, figures, goal, against="nutcracker"):
    ours, peer = figures["freshet"]["server_cpu_us"], figures["nutcracker"]["server_cpu_us"]
    others = {name: f"{found['server_cpu_us']:.2f} us" for name, found in figures.items() if name != "freshet"}
    compared = f"{ours / peer:.2f} of {against}"
    if BARE_LOOP in figures:
        compared += f", {ours / figures[BARE_LOOP]['server_cpu_us']:.2f} of {BARE_LOOP}"
    return Row(f"{what}: CPU", f"{ours:.2f} us", names_and(others), compared,
               f"<= {goal}", round(ours / peer, 2) <= goal, at_rates(figures))


def at_rates(figures):
    """A proxy that is asked less gets smaller batches, and pays more for a request."""
    return "at " + ", ".join(f"{thousands(found['T_per_s'])}/s" for found in figures.values())


def rate_row(what, figures, above_memcached, judged=True):
    ours = figures["freshet"]["T_per_s"]
    others = {name: found["T_per_s"] for name, found in figures.items() if name != "freshet"}
    no_goals = {BARE_LOOP} if above_memcached else {BARE_LOOP, "memcached"}
    to_beat = [rate for name, rate in others.items() if name not in no_goals]
    busy = figures["freshet"]["own_cpu"]
    return Row(
        f"{what}: requests/s",
        f"{thousands(ours)}/s",
        names_and({name: f"{thousands(rate)}/s" for name, rate in others.items()}),
        " / ".join(f"{ours / rate:.2f}" for rate in others.values()),
        ("> 1 over all" if above_memcached else "> 1 over proxies") if judged else "",
        all(ours > rate for rate in to_beat) if judged else None,
        f"generator {busy:.0%} busy" + (": it is the limit" if busy > GENERATOR_IS_THE_LIMIT else ""),
    )


def names_and(texts):
    return ", ".join(f"{name} {text}" for name, text in texts.items())
