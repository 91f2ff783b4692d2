"""RabbitMQ and Kafka as the tests start them, and queues on them for measuring."""

import contextlib
import sys
import unittest
from pathlib import Path

from servers import CannotRun

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "support"))
DEBIAN_PYTHON = "/usr/lib/python3/dist-packages"


@contextlib.contextmanager
def rabbitmq():
    from rabbitmq import RabbitMQ   # which need what only the tests install
    with _as_cannot_run(RabbitMQ) as broker:
        yield broker


@contextlib.contextmanager
def kafka(linked=None):
    """`linked`: the port of a way to it that can be cut."""
    from kafka import Kafka
    with _as_cannot_run(lambda: Kafka(linked=linked)) as broker:
        yield broker


@contextlib.contextmanager
def link():
    """A way to a broker, whose port is set later as its `target`, that can be cut."""
    from cutting_proxy import CuttingProxy
    way = CuttingProxy()
    try:
        yield way
    finally:
        way.close()


@contextlib.contextmanager
def _as_cannot_run(make):
    try:
        broker = make()
    except unittest.SkipTest as why:
        raise CannotRun(str(why)) from None
    with broker:
        yield broker


def rabbitmq_queue(broker, name, kind="classic"):
    """Makes it, with its dead letters; its URL."""
    sys.path.append(DEBIAN_PYTHON)      # where pika is
    import pika

    connection = pika.BlockingConnection(pika.URLParameters(broker.url))
    channel = connection.channel()
    for queue in (name, name + ".dead"):
        channel.queue_declare(queue, durable=True, arguments={"x-queue-type": kind})
    connection.close()
    return f"{broker.url}?queue={name}&declare=check"


def rabbitmq_fanout(broker, name):
    """An exchange and a quorum queue for each of two sites; what bench/broker_load takes as its URL."""
    sys.path.append(DEBIAN_PYTHON)
    import pika

    with pika.BlockingConnection(pika.URLParameters(broker.url)) as connection:
        channel = connection.channel()
        channel.exchange_declare(name, "fanout", durable=True)
        for site in (".1", ".2"):
            channel.queue_declare(name + site, durable=True, arguments={"x-queue-type": "quorum"})
            channel.queue_bind(name + site, name)
    return f"{broker.url}?queue={name}&declare=check"


def kafka_topic(broker, name, partitions=3):
    for topic in (name, name + ".dead"):
        broker.create_topic(topic, partitions=partitions)
    return f"kafka://{broker.address}?topic={name}&declare=check"
