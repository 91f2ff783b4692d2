"""The memory store behind the server, against memcached with one thread: 9:1 get:set, 100,000 keys of 30 bytes."""

from generators import in_turn, medians
from servers import freshet, memcached
from table import Row, thousands

GENERATOR_IS_THE_LIMIT = 0.9  # busier than this, CPU per request decides
SHAPES = [(50, 1, 1.0), (1000, 1, 1.0), (50, 16, 2.0)]  # connections, depth, goal


def run(bench):
    for value in (100, 4096):
        with freshet(bench.freshet, size="1GiB") as ours, memcached() as peer:
            for server in (ours, peer):
                bench.generators.load(server, fill=True, value=value, depth=16, requests=1)
            for connections, depth, goal in SHAPES:
                bench.say(f"cache: {connections} x {depth}, {value} B")
                runs = {ours: [], peer: []}
                for server in in_turn(bench.rounds, ours, peer):
                    figures = bench.generators.load(
                        server, connections=connections, depth=depth, value=value, seconds=bench.seconds)
                    runs[server].append(figures)
                yield judge(f"cache {connections} x {depth}, {value} B", runs[ours], runs[peer], goal)


def judge(what, our_runs, peer_runs, goal):
    ours = medians(our_runs, "T_per_s", "server_cpu_us", "own_cpu")
    peer = medians(peer_runs, "T_per_s", "server_cpu_us", "own_cpu")
    rate = ours["T_per_s"] / peer["T_per_s"]
    cpu = peer["server_cpu_us"] / ours["server_cpu_us"]
    limited = max(ours["own_cpu"], peer["own_cpu"]) > GENERATOR_IS_THE_LIMIT
    if goal == 1.0:
        met = rate >= goal or cpu >= goal
    else:
        met = (cpu if limited else rate) >= goal
    busy = f"generator {ours['own_cpu']:.0%} / {peer['own_cpu']:.0%} busy"
    return Row(
        what,
        cell(ours),
        cell(peer),
        f"T {rate:.2f}, CPU {cpu:.2f}",
        f"T >= {goal:.1f}" + (" or CPU" if goal == 1.0 else ""),
        met,
        busy + (": it is the limit, CPU decides" if limited else ""),
    )


def cell(figures):
    return f"{thousands(figures['T_per_s'])}/s {figures['server_cpu_us']:.2f} us"
