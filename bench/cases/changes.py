"""Writes that every site is told of: what a told set costs, what a get on such a route costs, how fast changes are applied from a full
topic, and how long after its answer here a write can be read there."""

import contextlib
import os
import socket
import statistics
import time

from fronts import new_memcached
from cases.brokers import client_load
from generators import in_turn, medians
from real_brokers import kafka, kafka_topic, link, rabbitmq, rabbitmq_fanout, rabbitmq_queue
from servers import CannotRun, Server, place, program
from table import Row, not_measured, thousands

VALUE = 100
FULL_TOPIC_KEYS = 300_000
PROBES = 300
PATIENCE_S = 120
APPLY_GOALS = {"memory": 100_000, "pool": 60_000}
APPLY_CPU_GOAL = 6.0
FANOUT_MESSAGES = 200_000
OUTAGE_RATE = 5_000
OUTAGE_S = {True: 60, False: 10}    # in a quick run
MADE_GOOD_S = 10
OUTAGE_MEMORY_MB = 200

SITE = """[site]
name = "{name}"
node = {node}
[server]
threads = 1
[store.main]
{store}
[queue.changes]
confirm_within = "10s"
{changes}
[[route]]
prefix = ""
store = "main"
{told}
"""
TOLD = """publish = "changes"
[[flow]]
from = "changes"
apply = "main"
"""
JOURNAL = 'url = "journal:"'
OUTBOX = 'outbox = "journal:"'


def run(bench):
    yield from told_sets(bench, "a journal", JOURNAL, 40_000, 15.0)
    yield from gets(bench)
    try:
        with link() as way, kafka(linked=way.port) as broker:
            way.target = broker.linked_port
            url = kafka_topic(broker, "told")
            yield from told_sets(bench, "Kafka behind an outbox", f'url = "{url}"\n{OUTBOX}', 25_000, None)
            for kind in APPLY_GOALS:
                yield apply(bench, kafka_topic(broker, f"full-{kind}"), kind)
            for rate in (1_000, 5_000, 20_000):
                yield journey(bench, "Kafka", f'url = "{kafka_topic(broker, f"journey-{rate}")}"\nlinger = "0s"', rate)
            here, there = kafka_topic(broker, "outage"), f"kafka://127.0.0.1:{way.port}?topic=outage&declare=check"
            yield made_good(bench, "Kafka", way, f'url = "{here}"', f'url = "{there}"')
    except CannotRun as why:
        yield not_measured("changes: Kafka", why)
    try:
        with link() as way, rabbitmq() as broker:
            way.target = broker.port
            bench.say("changes: what bare clients reach through a fanout of RabbitMQ")
            through = client_load(bench, "fanout", rabbitmq_fanout(broker, "bare-fanout"), FANOUT_MESSAGES, 500)["received_per_s"]
            for rate in (1_000, 5_000, int(through / 2)):
                changes = f'url = "{broker.url}"\nexchange = "changes-{rate}"\nqueue_type = "quorum"\ndeclare = "create"'
                yield journey(bench, "RabbitMQ", changes, rate, f"{thousands(through)}/s")
            linked = lambda url: url.replace(str(broker.port), str(way.port))      # noqa: E731
            bare = client_load(bench, "librabbitmq+", linked(rabbitmq_queue(broker, "bare", "quorum")), OUTAGE_RATE * OUTAGE_S[bench.rounds > 1],
                               500)
            changes = 'exchange = "outage"\nqueue_type = "quorum"\ndeclare = "create"'
            yield made_good(bench, "RabbitMQ", way, f'url = "{broker.url}"\n{changes}', f'url = "{linked(broker.url)}"\n{changes}',
                            bare["received_per_s"])
    except CannotRun as why:
        yield not_measured("changes: RabbitMQ", why)


def pool_of(servers):
    urls = ", ".join(f'"memcached://{server.address}"' for server in servers)
    return f"url = [{urls}]\nexclusive = true"


def site(bench, name, node, store, changes, publish=True):
    def command(port, folder):
        config = folder / "freshet.toml"
        config.write_text(SITE.format(name=name, node=node, store=store, changes=changes, told=TOLD if publish else ""))
        return [program(str(bench.freshet)), "serve", "-c", str(config), "--listen", f"127.0.0.1:{port}", "--state", str(folder / "state")]

    return Server("freshet", command)


def told_sets(bench, what, changes, goal, cpu_goal):
    bench.say(f"changes: sets told to {what}")
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(new_memcached()) for _ in range(2)]
        ours = stack.enter_context(site(bench, "fra", 1, pool_of(servers), changes))
        place("free", ours, *servers)
        before = cpu_seconds(ours.pid)
        runs = [bench.generators.load(ours, connections=50, depth=16, value=VALUE, ratio="0:1", seconds=bench.seconds, patience=60)
                for _ in range(bench.rounds)]
        wait_until_applied(ours)
        cpu = (cpu_seconds(ours.pid) - before) / sum(run["requests"] for run in runs) * 1e6     # with what is applied behind the answers
    rate = medians(runs, "T_per_s")["T_per_s"]
    met = rate >= goal and (cpu_goal is None or cpu <= cpu_goal)
    yield Row(f"changes, sets told to {what}, 50 x 16, {VALUE} B", f"{thousands(rate)}/s {cpu:.1f} us", "", f"{thousands(rate)}/s",
              f">= {thousands(goal)}/s" + (f", <= {cpu_goal:.0f} us" if cpu_goal else ""), met)


def gets(bench):
    """On one route that publishes, and on one that does not, of one process and one pool."""
    bench.say("changes: gets on a route that publishes and on another one")
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(new_memcached()) for _ in range(2)]
        told = stack.enter_context(site(bench, "fra", 1, pool_of(servers), JOURNAL))
        plain = stack.enter_context(site(bench, "fra", 2, pool_of(servers), JOURNAL, publish=False))
        place("free", told, plain, *servers)
        bench.generators.load(plain, fill=True, value=VALUE, depth=16, requests=1)
        runs = {told: [], plain: []}
        for server in in_turn(bench.rounds, told, plain):
            runs[server].append(bench.generators.load(server, connections=50, depth=16, value=VALUE, ratio="1:0", seconds=bench.seconds))
    ours, other = (medians(found, "T_per_s", "server_cpu_us") for found in runs.values())
    ratio = ours["server_cpu_us"] / other["server_cpu_us"]
    yield Row("changes, gets on a route that publishes", *(f"{thousands(f['T_per_s'])}/s {f['server_cpu_us']:.2f} us" for f in (ours, other)),
              f"CPU {ratio:.3f}", "<= 1.03", ratio <= 1.03, "peer: the same route without publish")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def statistics_of(connection, command):
    connection.sendall(command + b"\r\n")
    said = b""
    while not said.endswith(b"END\r\n"):
        said += connection.recv(65536)
    return {name: value for _, name, value in (line.split(maxsplit=2) for line in said.splitlines()[:-1])}


def items_of(connection):
    return int(statistics_of(connection, b"stats")[b"curr_items"])


def wait_until_applied(server):
    end = time.monotonic() + PATIENCE_S
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        while waiting := sum(int(value) for name, value in statistics_of(connection, b"stats queues").items()
                             if name.rsplit(b":", 1)[1] in (b"ready", b"leased", b"delayed", b"outbox")):
            if time.monotonic() > end:
                raise CannotRun(f"after {PATIENCE_S} s {waiting} changes are not applied")
            time.sleep(0.05)


def apply(bench, url, kind):
    """A second site begins with all that the topic has."""
    bench.say(f"changes: applied from a full topic into a {kind}")
    changes = f'url = "{url}"'
    with contextlib.ExitStack() as stack:
        with site(bench, "fra", 1, 'url = "memory:"', changes) as first:
            place("free", first)
            bench.generators.load(first, fill=True, keys=FULL_TOPIC_KEYS, value=VALUE, depth=16, requests=1, patience=60)
        store = 'url = "memory:"'
        if kind == "pool":
            servers = [stack.enter_context(new_memcached()) for _ in range(2)]
            place("free", *servers)
            store = pool_of(servers)
        second = stack.enter_context(site(bench, "nyc", 2, store, changes))
        place("free", second)
        with socket.create_connection(("127.0.0.1", second.port)) as connection:
            end = time.monotonic() + PATIENCE_S
            first_items = wait_for_items(connection, 1, end)
            began, before = time.monotonic(), cpu_seconds(second.pid)
            count = wait_for_items(connection, FULL_TOPIC_KEYS, end) - first_items
            took, cpu = time.monotonic() - began, cpu_seconds(second.pid) - before
    rate, cpu_us = count / took, cpu / count * 1e6
    goal = APPLY_GOALS[kind]
    return Row(f"changes, applied from a full topic into a {kind}", f"{thousands(rate)}/s {cpu_us:.1f} us", "", f"{thousands(rate)}/s",
               f">= {thousands(goal)}/s, <= {APPLY_CPU_GOAL:.0f} us", rate >= goal and cpu_us <= APPLY_CPU_GOAL)


def wait_for_items(connection, count, end):
    while (there := items_of(connection)) < count:
        if time.monotonic() > end:
            raise CannotRun(f"in {PATIENCE_S} s {there} of {count} changes were applied")
        time.sleep(0.01)
    return there


def journey(bench, broker, changes, rate, bare=""):
    """From the answer here until it can be read there, beside a load of so many other sets a second."""
    bench.say(f"changes: from site to site over {broker}, {rate} a second")
    with contextlib.ExitStack() as stack:
        memory = 'url = "memory:"'
        here, there = (stack.enter_context(site(bench, name, node, memory, changes)) for name, node in (("fra", 1), ("nyc", 2)))
        place("free", here, there)
        told, read = (stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for server in (here, there))
        for connection in (told, read):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wait_until_subscribed(told, read)
        stack.enter_context(bench.generators.loading(here, connections=20, depth=16, value=VALUE, ratio="0:1", rate=rate, patience=60))
        times = sorted(probe(told, read, b"probe%d" % number) for number in range(PROBES))
    p50, p99 = statistics.median(times), times[int(len(times) * 0.99)]
    return Row(f"changes, from site to site, {broker}, {rate:,}/s", f"p50 {p50:.1f} ms, p99 {p99:.1f} ms", bare, f"{p99:.1f} ms", "p99 < 50 ms",
               p99 < 50, "peer: what librabbitmq reaches through the same fanout" if bare else "")


def wait_until_subscribed(told, read):
    """What is told before the other site has its queue at an exchange does not reach it."""
    for number in range(PATIENCE_S * 5):
        told.sendall(b"set first%d 0 0 1\r\nx\r\n" % number)
        told.recv(100)
        time.sleep(0.2)
        read.sendall(b"mg first%d\r\n" % number)
        if read.recv(100) == b"HD\r\n":
            return
    raise CannotRun("nothing that was written at one site came to the other")


def probe(told, read, key):
    """Milliseconds."""
    write(told, key)
    began = time.monotonic()
    return (wait_for(read, key) - began) * 1e3


def write(told, key):
    told.sendall(b"set %s 0 0 1\r\nx\r\n" % key)
    said = told.recv(100)
    if said != b"STORED\r\n":
        raise CannotRun(f"a set was answered {said!r}")


def wait_for(read, key):
    """When it could be read."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        read.sendall(b"mg %s\r\n" % key)
        if read.recv(100) == b"HD\r\n":
            return time.monotonic()
    raise CannotRun(f"what was written at one site was not at the other in {PATIENCE_S} s")


def made_good(bench, broker, way, here_lines, there_lines, bare=None):
    """How long after a link has healed until all that was told meanwhile is there, and what both processes had in memory at most."""
    seconds = OUTAGE_S[bench.rounds > 1]
    bench.say(f"changes: a link over {broker} that is cut for {seconds} s")
    with contextlib.ExitStack() as stack:
        memory = 'url = "memory:"'
        here = stack.enter_context(site(bench, "fra", 1, memory, here_lines))
        there = stack.enter_context(site(bench, "nyc", 2, memory, there_lines))
        place("free", here, there)
        told, read = (stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for server in (here, there))
        wait_until_subscribed(told, read)
        stack.enter_context(bench.generators.loading(here, connections=20, depth=16, value=VALUE, ratio="0:1", rate=OUTAGE_RATE, patience=60))
        way.part()
        write(told, b"missed-first")
        time.sleep(seconds)
        way.join()
        write(told, b"missed-last")
        healed = time.monotonic()
        again = wait_for(read, b"missed-first")     # connected, which is tried after growing pauses
        over = wait_for(read, b"missed-last")
        peak = max(peak_mb(server.pid) for server in (here, there))
    took, rate = over - healed, OUTAGE_RATE * seconds / (over - again)
    what = f"changes, a link over {broker} cut for {seconds} s at {OUTAGE_RATE:,}/s"
    if bare is None:
        goal, fast_enough = f"< {MADE_GOOD_S} s", took < MADE_GOOD_S
    else:
        goal, fast_enough = f">= {thousands(bare / 2)}/s", rate >= bare / 2
    return Row(what, f"{took:.1f} s, {thousands(rate)}/s, {peak:.0f} MB", f"{thousands(bare)}/s" if bare else "", f"{took:.1f} s",
               f"{goal}, <= {OUTAGE_MEMORY_MB} MB", fast_enough and peak <= OUTAGE_MEMORY_MB,
               "peer: what librabbitmq receives over that link from a quorum queue" if bare else "")


def peak_mb(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:")) / 1024
