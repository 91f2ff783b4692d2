"""The Kafka that tests start: messages outlive a crash, it hangs and goes on, a broker of three may die, and nothing of it stays."""
import os
import signal
import subprocess
import sys
import unittest

import kafka
from broker import wait_until
from kafka import Kafka

WAIT_SECONDS = 30
HANG_SECONDS = 1


def kcat(address, *arguments, text=None, seconds=WAIT_SECONDS, check=True):
    done = subprocess.run(["kcat", "-b", address, *arguments], input=text, capture_output=True, text=True, timeout=seconds)
    if check and done.returncode != 0:
        raise AssertionError(f"kcat {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def publish(server, topic, *messages, settings=()):
    kcat(server.address, "-P", "-t", topic, "-X", f"message.timeout.ms={WAIT_SECONDS * 1000}", *settings, text="".join(m + "\n" for m in messages))


def consume(server, topic):
    return sorted(kcat(server.address, "-C", "-e", "-q", "-t", topic).split())


class Server(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Kafka(config="message.max.bytes=3000000", tls=True, verify_peer=True, sasl=True))

    def test_messages_go_in_and_come_out(self):
        self.server.create_topic("plain", 3)
        publish(self.server, "plain", "one", "two")
        self.assertEqual(consume(self.server, "plain"), ["one", "two"])

    def test_topics_have_partitions_and_settings_or_are_refused(self):
        self.server.create_topic("five", 5, retention_ms=60_000)
        self.assertEqual([partition.leader for partition in self.server.metadata().topics["five"]], [1] * 5)
        with self.assertRaisesRegex(RuntimeError, "already exists"):
            self.server.create_topic("five")
        with self.assertRaisesRegex(RuntimeError, "no.such.setting"):
            self.server.create_topic("six", no_such_setting=1)

    def test_more_lines_of_the_configuration_count(self):
        self.server.create_topic("large")
        publish(self.server, "large", "x" * 2_000_000, settings=("-X", "message.max.bytes=2500000"))
        self.assertEqual(len(consume(self.server, "large")[0]), 2_000_000)

    def test_a_message_outlives_a_crash(self):
        self.server.create_topic("durable")
        publish(self.server, "durable", "kept")
        port = self.server.port
        self.server.kill()
        self.assertEqual(kcat(self.server.address, "-L", "-m", "1", check=False), "")
        self.server.restart()
        self.assertEqual(self.server.port, port)
        publish(self.server, "durable", "new")
        self.assertEqual(consume(self.server, "durable"), ["kept", "new"])

    def test_it_hangs_and_goes_on(self):
        self.server.stop_process()
        self.assertEqual(kcat(self.server.address, "-L", "-m", str(HANG_SECONDS), check=False), "")
        self.server.continue_process()
        self.assertIn("broker 1", kcat(self.server.address, "-L"))

    def test_clients_show_a_certificate_or_a_password(self):
        certificates = self.server.certificates

        def over_tls(ca, *more):
            return kcat(f"127.0.0.1:{self.server.tls_port}", "-L", "-X", "security.protocol=SSL", "-X", f"ssl.ca.location={ca}", *more, check=False)

        def with_password(password, *more):
            return kcat(f"127.0.0.1:{self.server.sasl_port}", "-L", "-X", "security.protocol=SASL_PLAINTEXT", "-X",
                        "sasl.mechanism=PLAIN", "-X", f"sasl.username={kafka.USER}", "-X", f"sasl.password={password}", *more, check=False)

        shown = ("-X", f"ssl.certificate.location={certificates.client}", "-X", f"ssl.key.location={certificates.client_key}")
        soon = ("-m", str(HANG_SECONDS))        # it tries again for so long
        self.assertIn("broker 1", over_tls(certificates.ca, *shown))
        self.assertEqual(over_tls(certificates.other_ca, *shown, *soon), "")
        self.assertEqual(over_tls(certificates.ca, *soon), "")
        self.assertIn("broker 1", with_password(kafka.PASSWORD))
        self.assertEqual(with_password("another", *soon), "")


class Cluster(unittest.TestCase):
    def test_two_of_three_go_on_and_the_third_catches_up(self):
        cluster = self.enterContext(Kafka(brokers=3))
        cluster.create_topic("shared", 3, min_insync_replicas=2)
        publish(cluster, "shared", "before")
        cluster.kill(1)
        publish(cluster, "shared", "without")
        wait_until(lambda: cluster.metadata().brokers == [2, 3], WAIT_SECONDS, lambda: "broker 1 is not missed")
        self.assertNotIn(1, [partition.leader for partition in cluster.metadata().topics["shared"]])
        cluster.restart(1)
        cluster.wait_until_in_sync("shared")
        cluster.kill(2)
        self.assertEqual(consume(cluster, "shared"), ["before", "without"])


class Ends(unittest.TestCase):
    def test_what_a_broker_said_is_in_the_exception(self):
        with self.assertRaisesRegex(RuntimeError, "process.roles"):
            Kafka(config="process.roles=nonsense")

    def test_nothing_stays_of_a_test_that_is_terminated(self):
        script = "import time; from kafka import Kafka; b = Kafka().brokers[0]; print(b.folder, b.process.pid, flush=True); time.sleep(99)"
        test = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        with test.stdout:
            folder, pid = test.stdout.readline().split()
        test.terminate()
        self.assertEqual(test.wait(WAIT_SECONDS), -signal.SIGTERM)
        self.assertFalse(os.path.exists(folder))
        self.assertFalse(os.path.exists(f"/proc/{pid}"))


if __name__ == "__main__":
    unittest.main()
