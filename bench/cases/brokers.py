"""Queues on RabbitMQ and Kafka against the libraries alone: 100 B, published with confirms, then received and acknowledged."""

import json
import subprocess
import sys
import unittest
from pathlib import Path

from generators import in_turn
from servers import CannotRun
from table import Row, thousands

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests" / "support"))

RABBITMQ_MESSAGES, RABBITMQ_UNCONFIRMED = 40_000, 1_000
KAFKA_MESSAGES, KAFKA_UNCONFIRMED = 500_000, 10_000


def run(bench):
    from kafka import Kafka         # of the tests' support, which needs what only tests install
    from rabbitmq import RabbitMQ

    try:
        with RabbitMQ() as broker:
            for kind in ("classic", "quorum"):
                bench.say(f"brokers: RabbitMQ, {kind}")
                yield from compare(bench, f"RabbitMQ {kind}", "librabbitmq", RABBITMQ_MESSAGES, RABBITMQ_UNCONFIRMED, 0.8,
                                   lambda name, kind=kind: rabbitmq_queue(broker, name, kind))
        with Kafka() as broker:
            bench.say("brokers: Kafka")
            yield from compare(bench, "Kafka", "librdkafka", KAFKA_MESSAGES, KAFKA_UNCONFIRMED, 1.5,
                               lambda name: kafka_topic(broker, name))
    except unittest.SkipTest as why:
        raise CannotRun(str(why)) from None


def rabbitmq_queue(broker, name, kind):
    sys.path.append("/usr/lib/python3/dist-packages")   # pika is Debian's
    import pika

    connection = pika.BlockingConnection(pika.URLParameters(broker.url))
    channel = connection.channel()
    for queue in (name, name + ".dead"):
        channel.queue_declare(queue, durable=True, arguments={"x-queue-type": kind})
    connection.close()
    return f"{broker.url}?queue={name}&declare=check"


def kafka_topic(broker, name):
    for topic in (name, name + ".dead"):
        broker.create_topic(topic, partitions=3)
    return f"kafka://{broker.address}?topic={name}&declare=check"


def compare(bench, what, peer, messages, unconfirmed, cpu_goal, make):
    same = peer + "+"   # with the headers that freshet writes
    runs = {"freshet": [], peer: [], same: []}
    for number, client in enumerate(in_turn(bench.rounds, "freshet", peer, same)):
        url = make(f"{what.lower().replace(' ', '-')}-{number}")
        done = subprocess.run([str(bench.freshet.parent / "bench" / "broker_load"), client, url, str(messages), str(unconfirmed)],
                              capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise CannotRun(f"{client}: {done.stderr.strip()}")
        runs[client].append(json.loads(done.stdout))
    for verb in ("published", "received"):
        rates = {client: median(r[verb + "_per_s"] for r in figures) for client, figures in runs.items()}
        cpu = {client: median(r[verb + "_cpu_us"] for r in figures) for client, figures in runs.items()}
        ratio, of_same = (rates["freshet"] / rates[p] for p in (peer, same))
        limit = cpu_goal if verb == "published" or what == "Kafka" else cpu[peer]
        theirs = "; ".join(f"{p} {thousands(rates[p])}/s {cpu[p]:.2f} us" for p in (peer, same))
        yield Row(f"{what}, {verb}", f"{thousands(rates['freshet'])}/s {cpu['freshet']:.2f} us", theirs,
                  f"{ratio:.2f} ({of_same:.2f}), {cpu['freshet']:.2f} us",
                  f">= 0.9, <= {limit:.2f} us", ratio >= 0.9 and cpu["freshet"] <= limit)


def median(figures):
    ordered = sorted(figures)
    return ordered[len(ordered) // 2]
