"""What clients of the cache see of a broker that hangs or is killed, while others publish to it."""

import contextlib
import socket
import threading
import time

from cases.brokers_latency import freshet_with
from fronts import attempted
from generators import medians
from real_brokers import kafka, kafka_topic, rabbitmq, rabbitmq_queue
from servers import every_core
from table import Row, microseconds

CACHE = dict(connections=20, keys=1000)
RATE = 2000
PUBLISHERS, PAUSE_S = 4, 0.002
GOAL = 2
TIMES = ("p50", "p99", "max")


def run(bench):
    for name, start, make in (("RabbitMQ", rabbitmq, rabbitmq_queue), ("Kafka", kafka, kafka_topic)):
        yield from attempted(f"cache beside {name}", lambda: faults(bench, name, start, make))


def faults(bench, name, start, make):
    with start() as broker, freshet_with(bench.freshet, make(broker, "faults")) as server, publishing(server):
        bench.generators.load(server, fill=True, depth=16, requests=1, **CACHE)
        found = {"undisturbed": [], "hung": [], "killed": []}
        for _ in range(bench.rounds):
            bench.say(f"brokers: the cache beside a {name} that fails")
            found["undisturbed"].append(times(bench, server))
            broker.stop_process()
            found["hung"].append(times(bench, server))
            broker.continue_process()
            broker.kill()
            found["killed"].append(times(bench, server))
            broker.start()
    before, *during = ((state, medians(runs, *TIMES)) for state, runs in found.items())
    for state, figures in during:
        ratio = figures["p99"] / before[1]["p99"]
        yield Row(f"cache beside a {state} {name}: p50 / p99 / max", microseconds(figures, *TIMES), f"undisturbed {microseconds(before[1], *TIMES)}",
                  f"p99 {ratio:.2f} of undisturbed", f"< {GOAL}", ratio < GOAL, f"{RATE:,}/s, and {PUBLISHERS} publishers")


def times(bench, server):
    return bench.generators.load(server, cores=every_core(), rate=RATE, seconds=bench.seconds, **CACHE)["D_us"]


@contextlib.contextmanager
def publishing(server):
    """Whatever the answers are."""
    ended = threading.Event()

    def publish():
        with socket.create_connection(("127.0.0.1", server.port)) as connection, connection.makefile("rb") as answers:
            while not ended.is_set():
                connection.sendall(b"set task:bench 0 0 5\r\nhello\r\n")
                answers.readline()
                time.sleep(PAUSE_S)

    threads = [threading.Thread(target=publish) for _ in range(PUBLISHERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()
