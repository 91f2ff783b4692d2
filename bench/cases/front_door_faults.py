"""A hung server of ten and what calls on the others see of it; a dead one of ten under multi-gets.

The times are those of a generator that asks only keys of servers that do not hang: a few keys are set through the proxy,
and the victim's count of items tells whether it got one of them; another length of the keys makes other keys, until it
got none. A second generator asks all servers meanwhile. Nothing is pinned."""

import os
import signal
import socket
import threading
import time

from fronts import attempted, freshet_front, memcached_pool, nutcracker, spread
from generators import medians
from servers import CannotRun, every_core
from table import Row, microseconds

SERVERS = 10
CONNECTIONS_MAX = 1024
PROBE = dict(keys=20, connections=20, ratio="1:0")
PROBE_RATE = 2000
KEY_SIZES = range(31, 200)  # not the 30 of the other generator's keys
LOAD = dict(connections=200, ratio="1:0", rate=5000)
RECOVERY_S = 2.5  # the longest pause before a server is asked again is 1 s (fronts.py)
HUNG = f"front door, a hung server of {SERVERS}: p50 / p99 / max of calls on the others"
HUNG_GOAL = 2
TIMES = ("p50", "p99", "max")
DEAD = f"front door, a dead server of {SERVERS}: multi-gets that failed"
MULTI = dict(connections=20, multi=100, ratio="1:0")


def run(bench):
    yield from attempted(HUNG, lambda: hung(bench))
    yield from attempted(DEAD, lambda: dead(bench))


def hung(bench):
    with memcached_pool(SERVERS) as pool, freshet_front(bench.freshet, pool, CONNECTIONS_MAX) as front:
        bench.generators.load(front, fill=True, depth=16, requests=1)
        victim = pool[0]
        probe = dict(PROBE, key_size=key_size_without(bench, front, victim))
        undisturbed, disturbed = [], []
        spread(front, *pool)
        with bench.generators.loading(front, cores=every_core(), **LOAD):
            for _ in range(bench.rounds):
                bench.say("front door: undisturbed, then with a hung server")
                undisturbed.append(times(bench, front, probe))
                os.kill(victim.pid, signal.SIGSTOP)
                try:
                    disturbed.append(times(bench, front, probe))
                finally:
                    os.kill(victim.pid, signal.SIGCONT)
                time.sleep(RECOVERY_S)
    before, during = (medians(found, *TIMES) for found in (undisturbed, disturbed))
    ratio = during["p99"] / before["p99"]
    yield Row(
        HUNG,
        microseconds(during, *TIMES),
        f"undisturbed {microseconds(before, *TIMES)}",
        f"p99 {ratio:.2f} of undisturbed",
        f"< {HUNG_GOAL}",
        ratio < HUNG_GOAL,
        f"{PROBE_RATE:,}/s on the others, {LOAD['rate']:,}/s on all",
    )


def times(bench, front, probe):
    figures = bench.generators.load(front, cores=every_core(), rate=PROBE_RATE, seconds=bench.seconds, **probe)
    if figures["misses"]:
        raise CannotRun(f"{figures['misses']} gets missed of keys whose server does not hang")
    return figures["D_us"]


def key_size_without(bench, front, victim):
    """A length that makes keys of which none belongs to the victim."""
    for size in KEY_SIZES:
        before = items_ever(victim)
        bench.generators.load(front, fill=True, key_size=size, requests=1, **PROBE)
        if items_ever(victim) == before:
            return size
    raise CannotRun(f"with every length of key the victim has one of {PROBE['keys']} keys")


def items_ever(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection, connection.makefile("rwb") as stream:
        stream.write(b"stats\r\n")
        stream.flush()
        for line in stream:
            words = line.split()
            if words[:2] == [b"STAT", b"total_items"]:
                return int(words[2])
            if words == [b"END"]:
                break
    raise CannotRun(f"{server.name} does not tell its total_items")


def dead(bench):
    """The server dies in the middle of the run."""
    figures = {}
    for start in (lambda pool: freshet_front(bench.freshet, pool, CONNECTIONS_MAX), nutcracker):
        with memcached_pool(SERVERS) as pool, start(pool) as front:
            bench.say(f"front door: a dead server behind {front.name}")
            bench.generators.load(front, fill=True, depth=16, requests=1)
            death = threading.Timer(bench.seconds / 2, pool[0].process.kill)
            death.start()
            try:
                figures[front.name] = bench.generators.load_with_errors(front, seconds=bench.seconds, **MULTI)
            finally:
                death.cancel()
    ours, peer = figures["freshet"], figures["nutcracker"]
    yield Row(
        DEAD,
        f"{ours['errors']}",
        f"nutcracker {peer['errors']}",
        f"of {(ours['hits'] + ours['misses']) // MULTI['multi']:,}",
        "0",
        ours["errors"] == 0 and ours["misses"] > 0,
        f"{ours['misses'] / (ours['hits'] + ours['misses']):.1%} of the keys missed",
    )
