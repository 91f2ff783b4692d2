"""CPU of the proxy per request at more and more connections, depth 1, 100 B: two servers behind, the proxy alone on its
core."""

from fronts import BARE_LOOP, alone, bare_loop, freshet_front, memcached_pool, nutcracker
from generators import in_turn, medians
from table import Row

CONNECTIONS = (50, 200, 1_000, 4_000, 10_000)
COMPARED = (1_000, 10_000)
GOAL = 1.25


def run(bench):
    with memcached_pool(2) as pool:
        most = max(CONNECTIONS) + 100
        with (freshet_front(bench.freshet, pool, most) as ours, nutcracker(pool) as peer,
              bare_loop(bench.bare_loop, pool) as bare):
            for front in (ours, peer, bare):
                bench.generators.load(front, fill=True, depth=16, requests=1)
            curves = {ours: {}, peer: {}, bare: {}}
            for connections in CONNECTIONS:
                bench.say(f"front door: {connections:,} connections")
                runs = {ours: [], peer: [], bare: []}
                for front in in_turn(bench.rounds, ours, peer, bare):
                    runs[front].append(alone(bench, front, pool, connections=connections, warm_up=2 * connections,
                                             seconds=bench.seconds))
                for front, found in runs.items():
                    curves[front][connections] = medians(found, "server_cpu_us")["server_cpu_us"]
    few, many = COMPARED
    growth = curves[ours][many] / curves[ours][few]
    yield Row(
        "front door, CPU at " + " / ".join(f"{connections:,}" for connections in CONNECTIONS) + " x 1, 100 B",
        cell(curves[ours]),
        f"nutcracker {cell(curves[peer])}, {BARE_LOOP} {cell(curves[bare])}",
        f"{many:,}: {growth:.2f} of {few:,}",
        f"<= {GOAL}",
        growth <= GOAL,
    )


def cell(curve):
    return " / ".join(f"{us:.1f}" for us in curve.values()) + " us"
