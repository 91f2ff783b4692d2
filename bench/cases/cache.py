"""The memory store behind the server, against memcached with one thread and Redis: 9:1 get:set, 100,000 keys of 30 bytes. Pinned to
a core each, and free on all."""

from generators import in_turn, medians, spoken_by
from servers import PLACES, freshet, memcached, place, redis
from table import Row, thousands

GENERATOR_IS_THE_LIMIT = 0.9  # busier than this, CPU per request decides
SHAPES = [(50, 1, 1.0), (1000, 1, 1.0), (50, 16, 2.0)]  # connections, depth, goal


def run(bench):
    for value in (100, 4096):
        with freshet(bench.freshet, size="1GiB") as ours, memcached() as peer, redis() as other:
            servers = (ours, peer, other)
            for server in servers:
                place("pinned", server)
                bench.generators.load(server, fill=True, value=value, depth=16, requests=1, **spoken_by(server))
            for where in PLACES:
                for connections, depth, goal in SHAPES:
                    bench.say(f"cache: {connections} x {depth}, {value} B, {where}")
                    runs = {server: [] for server in servers}
                    for server in in_turn(bench.rounds, *servers):
                        cores = place(where, server)
                        figures = bench.generators.load(server, cores=cores, connections=connections, depth=depth, value=value,
                                                        seconds=bench.seconds, **spoken_by(server))
                        runs[server].append(figures)
                    yield judge(f"cache {connections} x {depth}, {value} B, {where}", *runs.values(), goal)


def judge(what, our_runs, peer_runs, other_runs, goal):
    """The goal is over memcached."""
    ours, peer, other = (medians(runs, "T_per_s", "server_cpu_us", "own_cpu") for runs in (our_runs, peer_runs, other_runs))
    rate, cpu = over(ours, peer)
    limited = max(ours["own_cpu"], peer["own_cpu"]) > GENERATOR_IS_THE_LIMIT
    if goal == 1.0:
        met = rate >= goal or cpu >= goal
    else:
        met = (cpu if limited else rate) >= goal
    busy = "generator " + " / ".join(f"{figures['own_cpu']:.0%}" for figures in (ours, peer, other)) + " busy"
    return Row(
        what,
        cell(ours),
        f"{cell(peer)}, Redis {cell(other)}",
        f"T {rate:.2f}, CPU {cpu:.2f}; Redis T {over(ours, other)[0]:.2f}, CPU {over(ours, other)[1]:.2f}",
        f"T >= {goal:.1f}" + (" or CPU" if goal == 1.0 else ""),
        met,
        busy + (": it is the limit, CPU decides" if limited else ""),
    )


def over(ours, peer):
    return ours["T_per_s"] / peer["T_per_s"], peer["server_cpu_us"] / ours["server_cpu_us"]


def cell(figures):
    return f"{thousands(figures['T_per_s'])}/s {figures['server_cpu_us']:.2f} us"
