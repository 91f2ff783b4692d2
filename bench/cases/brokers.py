"""Queues on RabbitMQ and Kafka against the libraries alone: 100 B, published with confirms, then received and acknowledged."""

import functools
import json
import os
import subprocess

from generators import in_turn, medians
from real_brokers import kafka, kafka_topic, rabbitmq, rabbitmq_queue
from servers import CannotRun
from table import Row, thousands

RABBITMQ_MESSAGES, RABBITMQ_UNCONFIRMED = 40_000, 1_000
KAFKA_MESSAGES, KAFKA_UNCONFIRMED = 2_000_000, 10_000    # many: joining the group is in the time
RUN_LIMIT_S = 300


def run(bench):
    with rabbitmq() as broker:
        for kind in ("classic", "quorum"):
            bench.say(f"brokers: RabbitMQ, {kind}")
            yield from compare(bench, f"RabbitMQ {kind}", "librabbitmq", RABBITMQ_MESSAGES, RABBITMQ_UNCONFIRMED, 0.8,
                               lambda name, kind=kind: rabbitmq_queue(broker, name, kind))
    with kafka() as broker:
        bench.say("brokers: Kafka")
        yield from compare(bench, "Kafka", "librdkafka", KAFKA_MESSAGES, KAFKA_UNCONFIRMED, 1.5,
                           lambda name: kafka_topic(broker, name))


def client_load(bench, client, url, messages, unconfirmed):
    """The figures of bench/broker_load. freshet's memory comes from where the server's does, the libraries' from libc."""
    environment = dict(os.environ, LD_PRELOAD=allocator_of(bench.freshet) if client == "freshet" else "")
    done = subprocess.run([str(bench.freshet.parent / "bench" / "broker_load"), client, url, str(messages), str(unconfirmed)],
                          capture_output=True, text=True, timeout=RUN_LIMIT_S, env=environment)
    if done.returncode != 0:
        raise CannotRun(f"{client}: {done.stderr.strip()}")
    return json.loads(done.stdout)


@functools.cache
def allocator_of(program):
    libraries = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=True).stdout
    return next((line.split()[2] for line in libraries.splitlines() if "tcmalloc" in line), "")


def compare(bench, what, peer, messages, unconfirmed, cpu_goal, make):
    same = peer + "+"   # with the headers that freshet writes
    runs = {"freshet": [], peer: [], same: []}
    for number, client in enumerate(in_turn(bench.rounds, "freshet", peer, same)):
        url = make(f"{what.lower().replace(' ', '-')}-{number}")
        runs[client].append(client_load(bench, client, url, messages, unconfirmed))
    for verb in ("published", "received"):
        figures = {client: medians(found, verb + "_per_s", verb + "_cpu_us") for client, found in runs.items()}
        rates, cpu = ({client: found[verb + of] for client, found in figures.items()} for of in ("_per_s", "_cpu_us"))
        ratio, of_same = (rates["freshet"] / rates[p] for p in (peer, same))
        limit = cpu_goal if verb == "published" or what == "Kafka" else cpu[peer]
        theirs = "; ".join(f"{p} {thousands(rates[p])}/s {cpu[p]:.2f} us" for p in (peer, same))
        yield Row(f"{what}, {verb}", f"{thousands(rates['freshet'])}/s {cpu['freshet']:.2f} us", theirs,
                  f"{ratio:.2f} ({of_same:.2f}), {cpu['freshet']:.2f} us",
                  f">= 0.9, <= {limit:.2f} us", ratio >= 0.9 and cpu["freshet"] <= limit)
