"""with_brokers runs a program with brokers of its own and carries out what the program says to its socket."""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
import unittest

WITH_BROKERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support/with_brokers.py")
WAIT_SECONDS = 300


def with_brokers(*words):
    return [sys.executable, WITH_BROKERS, *words]


def program(text):
    """A Python program that can say() a line to the socket."""
    return [sys.executable, "-c", textwrap.dedent("""
        import os, socket, subprocess, sys
        def say(line):
            with socket.socket(socket.AF_UNIX) as control:
                control.connect(os.environ["FRESHET_TEST_BROKER_CONTROL"])
                control.sendall(line.encode() + b"\\n")
                return control.makefile().readline().rstrip()
        def kcat(*words):
            return subprocess.run(["kcat", "-b", os.environ["FRESHET_TEST_KAFKA"], *words], input="kept\\n", capture_output=True, text=True).stdout
        def queue():
            return subprocess.run(["amqp-declare-queue", "-u", os.environ["FRESHET_TEST_RABBITMQ"], "-q", "q", "-d"], capture_output=True).returncode
    """) + textwrap.dedent(text)]


class WithBrokers(unittest.TestCase):
    def test_the_status_is_the_programs(self):
        self.assertEqual(subprocess.run(with_brokers("sh", "-c", "exit 7"), timeout=WAIT_SECONDS).returncode, 7)
        self.assertEqual(subprocess.run(with_brokers("sh", "-c", "kill -9 $$"), timeout=WAIT_SECONDS).returncode, 128 + signal.SIGKILL)

    def test_a_program_crashes_both_brokers_and_has_them_back(self):
        done = subprocess.run(with_brokers("--rabbitmq", "--kafka", *program("""
            assert queue() == 0
            assert say("rabbitmq stop") == "ok"
            assert say("rabbitmq continue") == "ok"
            assert say("rabbitmq ctl set_vm_memory_high_watermark 0.0001") == "ok"
            assert say("rabbitmq ctl nonsense").startswith("error: rabbitmqctl nonsense")
            assert say("rabbitmq kill") == "ok"
            assert queue() != 0
            assert say("kafka create-topic t 2") == "ok"
            kcat("-P", "-t", "t")
            assert say("kafka kill") == "ok"
            assert say("kafka stop").startswith("error: ")
            assert say("kafka restart") == "ok"
            assert kcat("-C", "-e", "-q", "-t", "t") == "kept\\n"
            assert say("rabbitmq restart") == "ok"
            assert queue() == 0
            assert say("kafka kill 2") == "error: there is no broker 2"
            assert say("nonsense").startswith("error: ")
        """)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=WAIT_SECONDS)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_all_ends_when_it_is_terminated(self):
        outer = subprocess.Popen(with_brokers("--kafka", *program("""
            import signal
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            print(os.getpid(), os.path.dirname(os.environ["FRESHET_TEST_BROKER_CONTROL"]), os.environ["FRESHET_TEST_KAFKA"], flush=True)
            signal.pause()
        """)), stdout=subprocess.PIPE, text=True)
        with outer.stdout:
            pid, folder, address = outer.stdout.readline().split()
        outer.terminate()
        self.assertEqual(outer.wait(WAIT_SECONDS), 128 + signal.SIGTERM)
        self.assertFalse(os.path.exists(f"/proc/{pid}"))
        self.assertFalse(os.path.exists(folder))
        self.refused(address)

    def test_all_ends_when_it_is_killed(self):
        outer = subprocess.Popen(with_brokers("--kafka", "--tls", *program("""
            folders = [os.path.dirname(os.environ["FRESHET_TEST_BROKER_CONTROL"]), os.environ["FRESHET_TEST_KAFKA_CERTIFICATES"]]
            print(os.environ["FRESHET_TEST_KAFKA"], *folders, flush=True)
            import time
            time.sleep(600)
        """)), stdout=subprocess.PIPE, text=True)
        with outer.stdout:
            address, *folders = outer.stdout.readline().split()
            for folder in folders:      # which is all that stays
                self.addCleanup(shutil.rmtree, folder)
            outer.kill()
            outer.wait(WAIT_SECONDS)
            self.assertEqual(outer.stdout.read(), "")   # the program has ended, too
        self.refused(address)

    def refused(self, address):
        host, port = address.split(":")
        deadline = time.monotonic() + WAIT_SECONDS
        with self.assertRaises(ConnectionRefusedError):
            while time.monotonic() < deadline:
                with contextlib.suppress(ConnectionResetError):     # it is ending just now
                    socket.create_connection((host, int(port)), 1).close()
                time.sleep(0.02)


if __name__ == "__main__":
    unittest.main()
