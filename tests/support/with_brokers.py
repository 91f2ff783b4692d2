"""Runs a command with brokers of its own: with_brokers.py [OPTION...] COMMAND...; its status is the command's.

The command finds in its environment, of those that were asked for:
  FRESHET_TEST_RABBITMQ         amqp://guest:guest@127.0.0.1:PORT/%2F
  FRESHET_TEST_KAFKA            127.0.0.1:PORT, with a comma between brokers
and with --tls
  FRESHET_TEST_RABBITMQ_TLS     amqps://...
  FRESHET_TEST_KAFKA_TLS        127.0.0.1:PORT
  FRESHET_TEST_KAFKA_SASL       127.0.0.1:PORT for user freshet, password secret, mechanism PLAIN
  FRESHET_TEST_RABBITMQ_CERTIFICATES, FRESHET_TEST_KAFKA_CERTIFICATES
                                a folder: ca.pem, client.pem, client-key.pem, and other-ca.pem, which signed nothing

FRESHET_TEST_BROKER_CONTROL is the path of a Unix socket. A line there is carried out and answered by a line, `ok` or `error: why`,
one after the other:
  rabbitmq kill | restart | stop | continue | shut-down
  rabbitmq ctl WORD...                          as rabbitmqctl
  kafka kill | restart | stop | continue | shut-down [NUMBER]
                                                of one broker, the first is 1; without a number, of all
  kafka create-topic NAME [PARTITIONS]
  kafka wait-in-sync NAME                       until every replica follows
`stop` is SIGSTOP, `restart` comes back when the broker serves.
"""
import argparse
import contextlib
import os
import selectors
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from broker import end_with_parent
from kafka import Kafka
from rabbitmq import RabbitMQ

LINE_BYTES_MAX = 4_096
REASON_LENGTH_MAX = 1_000
LOOK_SECONDS = 0.05     # how often it is looked whether the command has ended
END_SECONDS = 10
SKIPPED = 77
VERBS = {"kill": "kill", "restart": "restart", "stop": "stop_process", "continue": "continue_process", "shut-down": "shut_down"}


class Wrong(Exception):
    """A line that cannot be carried out."""


class Control:
    def __init__(self, path, rabbitmq, kafka):
        self.brokers = {"rabbitmq": rabbitmq, "kafka": kafka}
        self.selector = selectors.DefaultSelector()
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen()
        self.selector.register(listener, selectors.EVENT_READ)

    def serve(self, seconds):
        for key, _ in self.selector.select(seconds):
            if key.data is None:
                self.selector.register(key.fileobj.accept()[0], selectors.EVENT_READ, bytearray())
                continue
            with contextlib.suppress(OSError):
                if self._read(key.fileobj, key.data):
                    continue
            self.selector.unregister(key.fileobj)
            key.fileobj.close()

    def _read(self, connection, unread):
        """Whether the connection goes on."""
        more = connection.recv(LINE_BYTES_MAX)
        unread += more
        while b"\n" in unread:
            line, _, rest = bytes(unread).partition(b"\n")
            unread[:] = rest
            connection.sendall(self._answer(line.decode(errors="replace")).encode() + b"\n")
        return more and len(unread) < LINE_BYTES_MAX

    def _answer(self, line):
        try:
            self._carry_out(*shlex.split(line))
            return "ok"
        except Exception as error:
            return "error: " + " ".join(str(error).split())[:REASON_LENGTH_MAX]

    def _carry_out(self, name="", verb="", *words):
        broker = self.brokers.get(name)
        if not broker:
            raise Wrong(f"no broker '{name}' was asked for")
        if verb in VERBS and (name == "kafka" or not words):
            getattr(broker, VERBS[verb])(*map(int, words))
        elif (name, verb) == ("rabbitmq", "ctl"):
            broker.ctl(*words)
        elif (name, verb) == ("kafka", "create-topic") and words:
            broker.create_topic(words[0], *map(int, words[1:]))
        elif (name, verb) == ("kafka", "wait-in-sync") and len(words) == 1:
            broker.wait_until_in_sync(words[0])
        else:
            raise Wrong(f"'{name} {verb}' is not known")


def environment(rabbitmq, kafka, tls):
    found = dict(os.environ)
    if rabbitmq:
        found["FRESHET_TEST_RABBITMQ"] = rabbitmq.url
    if kafka:
        found["FRESHET_TEST_KAFKA"] = kafka.address
    if rabbitmq and tls:
        found["FRESHET_TEST_RABBITMQ_TLS"] = rabbitmq.tls_url
        found["FRESHET_TEST_RABBITMQ_CERTIFICATES"] = rabbitmq.certificates.folder
    if kafka and tls:
        found["FRESHET_TEST_KAFKA_TLS"] = f"127.0.0.1:{kafka.tls_port}"
        found["FRESHET_TEST_KAFKA_SASL"] = f"127.0.0.1:{kafka.sasl_port}"
        found["FRESHET_TEST_KAFKA_CERTIFICATES"] = kafka.certificates.folder
    return found


def run(command, variables, control):
    process = subprocess.Popen(command, env=variables, preexec_fn=end_with_parent)
    try:
        while process.poll() is None:
            control.serve(LOOK_SECONDS)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rabbitmq", action="store_true", help="start a RabbitMQ")
    parser.add_argument("--kafka", action="store_true", help="start a Kafka")
    parser.add_argument("--kafka-brokers", type=int, default=1, metavar="N", help="of so many brokers")
    parser.add_argument("--tls", action="store_true", help="each listens for TLS, too, and Kafka for SASL")
    parser.add_argument("--rabbitmq-config", action="append", default=[], metavar="LINE", help="one more line of rabbitmq.conf")
    parser.add_argument("--kafka-config", action="append", default=[], metavar="LINE", help="one more line of server.properties")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    found = parser.parse_args()
    if not found.command:
        parser.error("no command")
    return found


def main():
    asked = options()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with contextlib.ExitStack() as stack:
        try:
            rabbitmq = kafka = None
            if asked.rabbitmq:
                rabbitmq = stack.enter_context(RabbitMQ(config="\n".join(asked.rabbitmq_config), tls=asked.tls))
            if asked.kafka:
                kafka = stack.enter_context(Kafka(asked.kafka_brokers, "\n".join(asked.kafka_config), tls=asked.tls, sasl=asked.tls))
        except unittest.SkipTest as reason:
            print(f"with_brokers: skipped: {reason}", file=sys.stderr)
            return SKIPPED
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="freshet-test-", dir="/var/tmp"))
        path = os.path.join(folder, "control")
        variables = {**environment(rabbitmq, kafka, asked.tls), "FRESHET_TEST_BROKER_CONTROL": path}
        return run(asked.command, variables, Control(path, rabbitmq, kafka))


if __name__ == "__main__":
    sys.exit(main())
