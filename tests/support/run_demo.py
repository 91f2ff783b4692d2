#!/usr/bin/env python3
"""run_demo.py rabbitmq|kafka PROGRAM [OPTION...]: PROGRAM demo OPTION... on memcached servers of two sites and a broker of its own."""
import contextlib
import subprocess
import sys

import servers
from kafka import Kafka
from ports import held_port
from rabbitmq import RabbitMQ

POOL = 3


def urls(pool):
    return ",".join(f"memcached://127.0.0.1:{server.port}" for server in pool)


def main(kind, program, *options):
    with contextlib.ExitStack() as running:
        pool, other_site = ([running.enter_context(servers.oracle()) for _ in range(POOL)] for _ in range(2))
        link = []
        if kind == "kafka":
            advertised = held_port()
            broker = running.enter_context(Kafka(linked=advertised))
            link = ["--link", f"{advertised}=127.0.0.1:{broker.linked_port}"]
            queue = f"kafka://{broker.address}?topic=verify&declare=create"
        else:
            broker = running.enter_context(RabbitMQ())
            queue = f"{broker.url}?queue=verify&declare=create"
        command = [program, "demo", "--store", urls(pool), "--queue", queue, "--other-site", urls(other_site), *link, *options]
        print(" ".join(command), flush=True)
        return subprocess.run(command).returncode


sys.exit(main(*sys.argv[1:]))
