"""The RabbitMQ that tests start: messages outlive a crash, it hangs and goes on, it speaks TLS, and nothing of it stays."""
import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import unittest

from rabbitmq import RabbitMQ

try:
    import pika
except ImportError:     # another Python than Debian's; it is pure Python
    sys.path.append("/usr/lib/python3/dist-packages")
    import pika

WAIT_SECONDS = 30
HANG_SECONDS = 0.3


def run(*command, **options):
    return subprocess.run(command, capture_output=True, timeout=WAIT_SECONDS, check=True, **options).stdout


class Server(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(RabbitMQ(config="heartbeat = 30", tls=True, verify_peer=True))

    def connect(self):
        connection = pika.BlockingConnection(pika.URLParameters(self.server.url))
        self.addCleanup(self.close, connection)
        return connection.channel()

    @staticmethod
    def close(connection):
        with contextlib.suppress(pika.exceptions.AMQPError):    # the broker may have been killed
            connection.close()

    def test_messages_go_in_and_come_out(self):
        url = self.server.url
        run("amqp-declare-queue", "-u", url, "-q", "plain")
        run("amqp-publish", "-u", url, "-r", "plain", "-b", "hello")
        self.assertEqual(run("amqp-consume", "-u", url, "-q", "plain", "-c", "1", "cat"), b"hello")

    def test_a_confirmed_message_outlives_a_crash(self):
        channel = self.connect()
        channel.confirm_delivery()
        channel.queue_declare("durable", durable=True)
        channel.basic_publish("", "durable", b"kept", pika.BasicProperties(delivery_mode=2), mandatory=True)
        port, pid = self.server.port, self.server.process.pid
        self.server.kill()
        self.assertFalse(self.server.alive())
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 1)
        self.server.restart()
        self.assertEqual(self.server.port, port)
        self.assertNotEqual(self.server.process.pid, pid)
        self.assertEqual(self.connect().basic_get("durable", auto_ack=True)[2], b"kept")

    def test_it_hangs_and_goes_on(self):
        channel = self.connect()
        self.server.stop_process()
        with socket.create_connection(("127.0.0.1", self.server.port), 1) as hanging:   # the kernel accepts
            hanging.settimeout(HANG_SECONDS)
            hanging.sendall(b"AMQP\x00\x00\x09\x01")
            with self.assertRaises(TimeoutError):
                hanging.recv(1)
            self.server.continue_process()
            hanging.settimeout(WAIT_SECONDS)
            self.assertEqual(hanging.recv(1), b"\x01")
        channel.queue_declare("after", exclusive=True)      # the connection from before still works

    def test_it_is_controlled(self):
        self.assertIn("freshet", self.server.ctl("status"))
        with self.assertRaisesRegex(RuntimeError, "nonsense"):
            self.server.ctl("nonsense")

    def test_a_client_with_a_certificate_speaks_tls(self):
        certificates = self.server.certificates

        def handshake(ca, with_certificate):
            context = ssl.create_default_context(cafile=ca)
            if with_certificate:
                context.load_cert_chain(certificates.client, certificates.client_key)
            with socket.create_connection(("127.0.0.1", self.server.tls_port), WAIT_SECONDS) as plain, \
                    context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
                connection.sendall(b"AMQP\x00\x00\x09\x01")
                return connection.recv(1)

        self.assertEqual(handshake(certificates.ca, True), b"\x01")
        with self.assertRaises(ssl.SSLCertVerificationError):
            handshake(certificates.other_ca, True)
        with self.assertRaises(OSError):
            handshake(certificates.ca, False)


class Ends(unittest.TestCase):
    def test_what_a_broker_said_is_in_the_exception(self):
        with self.assertRaisesRegex(RuntimeError, "Error parsing configuration"):
            RabbitMQ(config="no equals sign")

    def test_nothing_stays_of_a_test_that_is_terminated(self):
        script = "import time; from rabbitmq import RabbitMQ; r = RabbitMQ(); print(r.folder, r.process.pid, r._epmd.pid, flush=True); time.sleep(99)"
        test = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        with test.stdout:
            folder, *pids = test.stdout.readline().split()
        test.terminate()
        self.assertEqual(test.wait(WAIT_SECONDS), -signal.SIGTERM)
        self.assertFalse(os.path.exists(folder))
        for pid in pids:
            self.assertFalse(os.path.exists(f"/proc/{pid}"))


if __name__ == "__main__":
    unittest.main()
