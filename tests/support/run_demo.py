#!/usr/bin/env python3
"""run_demo.py rabbitmq|kafka PROGRAM [OPTION...]: PROGRAM demo OPTION... on memcached servers and a broker of its own."""
import contextlib
import subprocess
import sys

import servers
from kafka import Kafka
from rabbitmq import RabbitMQ

POOL = 3


def main(kind, program, *options):
    with contextlib.ExitStack() as running:
        pool = [running.enter_context(servers.memcached_of_the_system()) for _ in range(POOL)]
        if kind == "kafka":
            broker = running.enter_context(Kafka())
            queue = f"kafka://{broker.address}?topic=verify&declare=create"
        else:
            broker = running.enter_context(RabbitMQ())
            queue = f"{broker.url}?queue=verify&declare=create"
        stores = [word for server in pool for word in ("--store", f"memcached://127.0.0.1:{server.port}")]
        command = [program, "demo", *stores, "--queue", queue, *options]
        print(" ".join(command), flush=True)
        return subprocess.run(command).returncode


sys.exit(main(*sys.argv[1:]))
