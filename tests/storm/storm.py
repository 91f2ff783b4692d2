"""Everything at once, for so many seconds: clients of all kinds over a generated configuration, servers that stall and die, system
calls that fail, stops and kills. What was confirmed is accounted for at the end.

FRESHET, FRESHET_BUILD_DIR, MEMCACHED_NEW and KAFKA_JARS are as the tests have them."""
import argparse
import os
import random
import shutil
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from accounts import settle_accounts  # noqa: E402
from brokers import Brokers  # noqa: E402
from clients import Consumer, Publisher, Reader, Tasker, Vandal  # noqa: E402
from configuration import Configuration  # noqa: E402
from connection import Gone  # noqa: E402
from happenings import Happenings  # noqa: E402
from ledger import Ledger  # noqa: E402
from limits import compare_with, tell_of_long_turns  # noqa: E402
from machine import Machine  # noqa: E402
from program import SLOW, Program  # noqa: E402

SWITCH_SECONDS = 0.000_5     # between threads: the proxies and the worker are in this process, and are waited for
CLIENTS = [(Reader, 4), (Publisher, 3), (Consumer, 3), (Tasker, 2), (Vandal, 2)]


class Storm:
    def __init__(self, seconds, seed, brokers, only):
        self.seconds, self.seed, self.only = seconds, seed, only
        self.random = random.Random(seed)
        self.over = threading.Event()
        self.folder = tempfile.mkdtemp(prefix="freshet-storm-", dir="/var/tmp")
        self.configuration = Configuration(self.random, self.folder, brokers)
        self.ledger = Ledger(self.configuration.lease_seconds)
        self.machine = Machine(self.folder)
        self.program = Program(self.folder, self.configuration, self.machine, self.ledger)

    def run(self):
        self.program.start()
        usual = self.program.use()
        clients = [kind(self, number) for kind, count in CLIENTS for number in range(count)]
        for client in clients:
            client.start()
        self._let_it_happen()
        self.over.set()
        for client in clients:
            client.join(60 * SLOW)
            if client.is_alive():
                self.ledger.fault(f"{client.name} still waits for an answer")
        self.program.look()
        compare_with(usual, self.program, self.ledger)
        self.program.stop()     # in good order: from here on all can be handed out at once
        self.program.start()
        settle_accounts(self.program, self.configuration, self.ledger)

    def _let_it_happen(self):
        happenings = Happenings(self)
        end = time.monotonic() + self.seconds
        while happenings.due or time.monotonic() < end:
            time.sleep(self.random.random() * 2)
            self.program.look()
            happenings.let_one_happen()

    def close(self):
        self.program.close()
        self.configuration.stop_servers()


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brokers", action="store_true", help="the long form: with a RabbitMQ and a Kafka")
    parser.add_argument("--only", metavar="HAPPENING", help="and nothing else, as memory_fails: tests/storm/happenings.py")
    parser.add_argument("seconds", type=int, nargs="?", default=60)
    parser.add_argument("seed", type=int, nargs="?", default=random.randrange(1 << 31))
    return parser.parse_args()


def main():
    asked = options()
    print(f"storm: seed {asked.seed}, {asked.seconds} s", flush=True)
    sys.setswitchinterval(SWITCH_SECONDS)
    storm = Storm(asked.seconds, asked.seed, Brokers() if asked.brokers else None, asked.only)
    try:
        storm.run()
    except (RuntimeError, Gone, TimeoutError) as error:
        storm.ledger.fault(str(error))
    finally:
        storm.close()
    tell_of_long_turns(storm.program)
    print("storm:", ", ".join(f"{what} {count}" for what, count in sorted(storm.ledger.counts.items())))
    for fault in storm.ledger.faults:
        print("storm: FAULT:", fault)
    if storm.ledger.faults:
        form = ("--brokers " if asked.brokers else "") + (f"--only {asked.only} " if asked.only else "")
        print(f"storm: its log and its files are in {storm.folder}; again: storm.py {form}{asked.seconds} {asked.seed}")
        return 1
    shutil.rmtree(storm.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
