"""The process itself: signals that mean nothing to it, and a log that nobody reads."""
import os
import re
import signal
import socket
import stat
import subprocess
import tempfile
import unittest

from ports import held_port

PROGRAM = os.environ["FRESHET"]
WAIT_SECONDS = 60
PIPE_BYTES = 1 << 16
GROUP = 65534 if os.geteuid() == 0 else os.getegid()
FLOOD = b"set queue/! 0 0 1 noreply\r\nx\r\n"    # no name of a queue: each is a line in the log
CONFIG = """
[queue."*"]
[[route]]
prefix = "queue/"
queue = "*"
noreply = "warn"
[[route]]
prefix = ""
store = "main"
[store.main]
"""


class Started(unittest.TestCase):
    CONFIG = CONFIG

    def setUp(self):
        folder = self.folder = self.enterContext(tempfile.TemporaryDirectory(dir="/var/tmp"))
        self.port = held_port()
        with open(folder + "/freshet.toml", "w") as to:
            to.write(self.CONFIG)
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "-c", folder + "/freshet.toml", "--state", folder + "/state", "--listen", f"127.0.0.1:{self.port}",
             "--listen", f"unix:{folder}/made/socket?mode=0606&group={GROUP}"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "SECRET": "hushhush"})
        self.addCleanup(self.end)
        self.assertIn(b"listening", self.process.stdout.readline())

    def end(self):
        self.process.kill()
        self.process.communicate()

    def connect(self):
        return self.enterContext(socket.create_connection(("127.0.0.1", self.port), WAIT_SECONDS))

    def ask(self, client, command):
        client.sendall(command)
        answer = client.recv(4096)
        self.assertTrue(answer.endswith(b"\r\n"), answer)
        return answer

    def flood(self, lines):
        """Returns when they have been read: the client's next command is answered behind them."""
        client = self.connect()
        for _ in range(lines // 1000):
            client.sendall(FLOOD * 1000)
        self.assertTrue(self.ask(client, b"version\r\n").startswith(b"VERSION"))

    def stop(self):
        self.process.terminate()
        _, said = self.process.communicate(timeout=WAIT_SECONDS)
        self.assertEqual(self.process.returncode, 0)
        return said.decode()


class Secrets(Started):
    CONFIG = """
[store.main]
url = "memcached://${SECRET}.invalid"
failures_max = 1
"""

    def test_what_the_environment_filled_in_is_not_in_the_log(self):
        client = self.connect()
        for _ in range(3):
            self.ask(client, b"get a\r\n")
        said = self.stop()
        self.assertIn("${SECRET}.invalid:11211", said)
        self.assertNotIn("hushhush", said)


class Daemon(Started):
    def test_a_socket_file_has_the_rights_that_it_was_given(self):
        about = os.stat(self.folder + "/made/socket")
        self.assertEqual(stat.S_IMODE(about.st_mode), 0o606)
        self.assertEqual(about.st_gid, GROUP)
        self.assertEqual(stat.S_IMODE(os.stat(self.folder + "/made").st_mode), 0o755)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self.folder + "/made/socket")
            self.assertEqual(self.ask(client, b"get a\r\n"), b"END\r\n")
        self.stop()
        self.assertFalse(os.path.exists(self.folder + "/made/socket"))

    def test_signals_that_mean_nothing_are_said_and_end_nothing(self):
        for name in ("HUP", "USR1", "USR2", "ALRM"):
            self.process.send_signal(getattr(signal, "SIG" + name))
            self.assertIn(f"SIG{name}: ", self.process.stderr.readline().decode())
        self.assertEqual(self.ask(self.connect(), b"get a\r\n"), b"END\r\n")
        self.assertIn("SIGTERM: stopping", self.stop())

    def test_descriptors_that_are_closed_at_its_start_become_nobody_elses(self):
        folder = self.enterContext(tempfile.TemporaryDirectory(dir="/var/tmp"))
        port = held_port()
        process = subprocess.Popen([PROGRAM, "serve", "--state", folder + "/state", "--listen", f"127.0.0.1:{port}"],
                                   stdout=subprocess.PIPE, preexec_fn=lambda: (os.close(0), os.close(2)))
        with process.stdout:
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            self.assertIn(b"listening", process.stdout.readline())
            for standard in (0, 2):
                self.assertEqual(os.readlink(f"/proc/{process.pid}/fd/{standard}"), "/dev/null")

    def test_a_log_that_nobody_reads_holds_nobody_up(self):
        client = self.connect()
        for _ in range(10):     # more than the pipe holds
            self.flood(20_000)
            self.assertEqual(self.ask(client, b"set a 0 0 1\r\nx\r\n"), b"STORED\r\n")
        self.process.terminate()
        self.assertEqual(self.process.wait(WAIT_SECONDS), 0)

    def test_a_flood_in_the_log_is_summed_up(self):
        self.flood(20_000)
        said = self.stop()
        lines = [line for line in said.splitlines() if "is lost: " in line]
        more = sum(int(n) for n in re.findall(r"and (\d+) more lines, the first of them: a noreply publish", said))
        self.assertLess(len(said), 4 * PIPE_BYTES)
        sums = sum(" more lines, the first of them: " in line for line in lines)
        self.assertEqual(len(lines) - sums + more, 20_000)


if __name__ == "__main__":
    unittest.main()
