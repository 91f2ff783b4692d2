"""Durable queues through the protocol, 100 B: publish, receive, settle, against beanstalkd that syncs each write and a stream of
Redis that syncs before it answers. Pinned to a core each, and free on all: what was won by pinning is of no use to who does not."""

from statistics import median

from calls import counting
from generators import in_turn, medians
from servers import PLACES, beanstalkd, freshet, place, redis_stream
from table import Row, thousands

OUTSTANDING = 1000
FREE_RATE, FREE_CPU = 0.9, 1.2      # of those when pinned


def run(bench):
    yield from many_outstanding(bench)
    yield from one_at_a_time(bench)
    yield from stored(bench)


def many_outstanding(bench):
    with freshet(bench.freshet) as ours, beanstalkd() as beanstalk, redis_stream() as stream:
        runs = {(server, where): [] for server in (ours, beanstalk, stream) for where in PLACES}
        for server, where in in_turn(bench.rounds, *runs):
            bench.say(f"journal: {OUTSTANDING} outstanding, {server.name}, {where}")
            cores = place(where, server)
            runs[server, where].append(drive(bench, server, cores=cores, outstanding=OUTSTANDING, seconds=bench.seconds))
        found = {key: figures_of(of) for key, of in runs.items()}
    for where in PLACES:
        yield compare(where, "beanstalkd", found[ours, where], found[beanstalk, where], 10)
        yield compare(where, "Redis Streams", found[ours, where], found[stream, where], 1)
    yield free_beside_pinned(found[ours, "free"], found[ours, "pinned"])


def figures_of(runs):
    delivery = median(run["D_delivery_us"]["p99"] for run in runs)
    return medians(runs, "P_per_s", "server_cpu_us", "own_cpu") | {"p99_ms": delivery / 1000}


def compare(where, peer, a, b, goal):
    ratio = a["P_per_s"] / b["P_per_s"]
    return Row(
        f"journal, 1,000 outstanding, {where}",
        cell(a),
        f"{peer} {cell(b)}",
        f"P {ratio:.1f}, CPU {b['server_cpu_us'] / a['server_cpu_us']:.1f}",
        f"P >= {goal}",
        ratio >= goal,
        f"delivered p99 {a['p99_ms']:.1f} / {b['p99_ms']:.1f} ms, generator {a['own_cpu']:.0%} / {b['own_cpu']:.0%} busy",
    )


def free_beside_pinned(free, pinned):
    rate, cpu = free["P_per_s"] / pinned["P_per_s"], free["server_cpu_us"] / pinned["server_cpu_us"]
    return Row(
        "journal, 1,000 outstanding, free beside pinned",
        cell(free),
        f"itself {cell(pinned)}",
        f"P {rate:.2f}, its CPU {cpu:.2f}",
        f"P >= {FREE_RATE}, CPU <= {FREE_CPU}",
        rate >= FREE_RATE and cpu <= FREE_CPU,
        f"delivered p99 {free['p99_ms']:.1f} / {pinned['p99_ms']:.1f} ms",
    )


def cell(figures):
    return f"{thousands(figures['P_per_s'])}/s {figures['server_cpu_us']:.2f} us"


def one_at_a_time(bench):
    figures = {}
    for start in (lambda e: freshet(bench.freshet, environment=e), beanstalkd):
        with counting() as counter, start(counter.environment) as server:
            bench.say(f"journal: one at a time, {server.name}")
            drive(bench, server, outstanding=1, messages=20)  # the queue is made
            figures[server.name] = drive(bench, server, outstanding=1, seconds=bench.seconds, calls=counter.file)
    ours, peer = figures["freshet"], figures["beanstalkd"]
    yield Row(
        "journal, one at a time: syncs",
        f"{ours['syncs_per_message']:.2f}",
        f"{peer['syncs_per_message']:.2f}",
        "a message",
        "<= 2",
        round(ours["syncs_per_message"], 2) <= 2,
        f"{thousands(ours['P_per_s'])}/s against {thousands(peer['P_per_s'])}/s",
    )


def stored(bench):
    runs = {depth: [] for depth in bench.depths}
    for number in range(bench.depth_rounds):
        for depth in bench.depths if number % 2 == 0 else reversed(bench.depths):
            bench.say(f"journal: {depth} stored")
            with freshet(bench.freshet) as server:
                figures = drive(bench, server, outstanding=OUTSTANDING, stored=depth, seconds=bench.seconds)
            runs[depth].append(figures["P_per_s"])
    rates = {depth: median(found) for depth, found in runs.items()}
    spread = min(rates.values()) / max(rates.values())
    yield Row(
        f"journal, {min(rates):,} to {max(rates):,} stored",
        " ".join(thousands(rate) for rate in rates.values()),
        "",
        f"slowest {spread:.2f} of fastest",
        ">= 0.80",
        spread >= 0.8,
        "messages/s",
    )


def drive(bench, server, **options):
    return bench.generators.queue_load(server, **options)
