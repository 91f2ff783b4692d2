"""One message at a time through the protocol (set task:...) against the bare client: how long until it is confirmed."""

import socket
import time

from cases.brokers import client_load
from fronts import attempted
from generators import in_turn, medians
from real_brokers import kafka, kafka_topic, rabbitmq, rabbitmq_queue
from servers import START_LIMIT_S, CannotRun, Server, every_core, program
from table import Row

GOAL_US = 100
MESSAGES = 2_000
CONFIG = """[server]
threads = 1
[store.main]
url = "memory:"
size = "64MiB"
[queue.bench]
url = "{url}"
[[route]]
prefix = "task:bench"
queue = "bench"
[[route]]
prefix = ""
store = "main"
"""


def run(bench):
    yield from attempted("RabbitMQ, p50 until confirmed", lambda: on_rabbitmq(bench))
    yield from attempted("Kafka, p50 until confirmed", lambda: on_kafka(bench))


def on_rabbitmq(bench):
    with rabbitmq() as broker:
        yield compare(bench, "RabbitMQ", "librabbitmq", lambda name: rabbitmq_queue(broker, name))


def on_kafka(bench):
    with kafka() as broker:
        yield compare(bench, "Kafka, linger 5 ms", "librdkafka", lambda name: kafka_topic(broker, name, partitions=1))


def compare(bench, what, peer, make):
    found = {"freshet": [], peer: []}
    for number, client in enumerate(in_turn(bench.rounds, "freshet", peer)):
        bench.say(f"brokers: one at a time, {what}, {client}")
        url = make(f"latency-{number}")
        if client == "freshet":
            with freshet_with(bench.freshet, url) as server:
                figures = client_load(bench, "protocol", server.address, MESSAGES, 1)
        else:
            figures = client_load(bench, client, url, MESSAGES, 1)
        found[client].append(figures)
    ours, theirs = (medians(runs, "published_p50_us")["published_p50_us"] for runs in found.values())
    return Row(f"{what}, p50 until confirmed", f"{ours:.0f} us", f"{peer} {theirs:.0f} us", f"{ours - theirs:+.0f} us",
               f"<= +{GOAL_US} us", ours - theirs <= GOAL_US)


def freshet_with(binary, url):
    """With a queue `bench` at that URL, reached as task:bench, and a store in memory."""
    def command(port, folder):
        config = folder / "freshet.toml"
        config.write_text(CONFIG.format(url=url))
        return [program(str(binary)), "serve", "-c", str(config), "--state", str(folder / "state"), "--listen", f"127.0.0.1:{port}"]

    server = Server("freshet", command)
    try:
        server.move(*every_core())
        wait_until_usable(server)
    except BaseException:
        server.stop()
        raise
    return server


def wait_until_usable(server):
    """A message was confirmed."""
    end = time.monotonic() + START_LIMIT_S
    with socket.create_connection(("127.0.0.1", server.port)) as connection, connection.makefile("rb") as answers:
        answer = b""
        while answer != b"STORED\r\n":
            if time.monotonic() > end:
                raise CannotRun(f"nothing can be published: {answer.decode().strip()}")
            connection.sendall(b"set task:bench 0 0 1\r\nx\r\n")
            answer = answers.readline()
