"""Durable queues through the protocol, 100 B: publish, receive, settle, against beanstalkd that syncs each write."""

from statistics import median

from calls import counting
from generators import in_turn, medians
from servers import beanstalkd, freshet
from table import Row, thousands

OUTSTANDING = 1000


def run(bench):
    yield many_outstanding(bench)
    yield from one_at_a_time(bench)
    yield from stored(bench)


def many_outstanding(bench):
    with freshet(bench.freshet) as ours, beanstalkd() as peer:
        runs = {ours: [], peer: []}
        for server in in_turn(bench.rounds, ours, peer):
            bench.say(f"journal: {OUTSTANDING} outstanding, {server.name}")
            runs[server].append(drive(bench, server, outstanding=OUTSTANDING, seconds=bench.seconds))
        a = medians(runs[ours], "P_per_s", "server_cpu_us", "own_cpu")
        b = medians(runs[peer], "P_per_s", "server_cpu_us", "own_cpu")
    ratio = a["P_per_s"] / b["P_per_s"]
    return Row(
        "journal, 1,000 outstanding",
        f"{thousands(a['P_per_s'])}/s {a['server_cpu_us']:.2f} us",
        f"{thousands(b['P_per_s'])}/s {b['server_cpu_us']:.2f} us",
        f"P {ratio:.1f}",
        ">= 10",
        ratio >= 10,
        f"generator {a['own_cpu']:.0%} / {b['own_cpu']:.0%} busy",
    )


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
