"""Times of requests that come at an even rate, however slow the proxy is: 50 connections, two servers behind, nothing
pinned."""

from fronts import freshet_front, memcached_pool, nutcracker, unpinned
from generators import in_turn, medians
from table import Row, microseconds

CONNECTIONS = 50
RATE = 20_000
QUANTILES = ("p50", "p99", "p99.9")
LEAST_ANSWERED = 0.99  # of RATE: fewer, and the times are of another load


def run(bench):
    with memcached_pool(2) as pool:
        with freshet_front(bench.freshet, pool, 2 * CONNECTIONS) as ours, nutcracker(pool) as peer:
            for front in (ours, peer):
                bench.generators.load(front, fill=True, depth=16, requests=1)
            runs = {ours: [], peer: []}
            for front in in_turn(bench.rounds, ours, peer):
                bench.say(f"front door: {RATE:,} requests/s through {front.name}")
                figures = unpinned(bench, front, [ours, peer, *pool], connections=CONNECTIONS, rate=RATE, warm_up=RATE,
                                   seconds=bench.seconds)
                runs[front].append(figures["D_us"] | {"T_per_s": figures["T_per_s"]})
    a, b = (medians(found, "T_per_s", *QUANTILES) for found in (runs[ours], runs[peer]))
    late = [name for name, found in (("freshet", a), ("nutcracker", b)) if found["T_per_s"] < LEAST_ANSWERED * RATE]
    yield Row(
        f"front door, {RATE:,} requests/s, p50 / p99 / p99.9",
        microseconds(a, *QUANTILES),
        "nutcracker " + microseconds(b, *QUANTILES),
        f"p99 {a['p99'] / b['p99']:.2f}",
        "<= 1",
        a["p99"] <= b["p99"] and "freshet" not in late,
        "slower than that: " + ", ".join(late) if late else "open loop",
    )
