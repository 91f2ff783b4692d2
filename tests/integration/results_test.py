"""Results of flows in a memory store over an orderly restart: what is there stays, and what is gone stays gone."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

PROGRAM = os.environ["FRESHET"]
CONFIG = """
[server]
allow_exec = true
[store.main]
url = "memory:"
size = "16MiB"
[queue.work]
[[route]]
prefix = ""
store = "main"
[[route]]
prefix = "work"
queue = "work"
[[route]]
prefix = "result:"
store = "main"
wait = "30s"
[[flow]]
from = "work"
call = { exec = ["/bin/cat"] }
into = "main"
ttl = "1h"
"""


class Results(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="freshet-test-", dir="/var/tmp")
        self.addCleanup(shutil.rmtree, self.folder)
        self.file = os.path.join(self.folder, "freshet.toml")
        with open(self.file, "w") as file:
            file.write(CONFIG)
        self.process = None
        self.addCleanup(self.stop)

    def start(self):
        path = os.path.join(self.folder, "socket")
        self.process = subprocess.Popen([PROGRAM, "serve", "-c", self.file, "--listen", "unix:" + path,
                                         "--state", os.path.join(self.folder, "state")], stderr=subprocess.DEVNULL)
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(60)
        end = time.monotonic() + 30
        while True:
            try:
                self.connection.connect(path)
                return
            except OSError:
                self.assertIsNone(self.process.poll())
                self.assertLess(time.monotonic(), end)
                time.sleep(0.01)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.connection.close()
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()

    def ask(self, command, end=b"\r\n"):
        self.connection.sendall(command)
        said = b""
        while not said.endswith(end):
            said += self.connection.recv(65_536)
        return said

    def test_what_is_gone_stays_gone(self):
        self.start()
        names = [b"kept", b"deleted", b"replaced", b"expired", b"grown", b"done-twice"]
        for name in names:
            self.assertEqual(b"STORED\r\n", self.ask(b"set work#%s 0 0 3\r\n100\r\n" % name))
            self.assertEqual(b"VA 3\r\n100\r\n", self.ask(b"mg result:%s v\r\n" % name, b"100\r\n"))
        self.assertEqual(b"DELETED\r\n", self.ask(b"delete result:deleted\r\n"))
        self.assertEqual(b"STORED\r\n", self.ask(b"set result:replaced 0 0 1\r\n2\r\n"))
        self.assertEqual(b"TOUCHED\r\n", self.ask(b"touch result:expired -1\r\n"))
        self.assertEqual(b"STORED\r\n", self.ask(b"append result:grown 0 0 1\r\n2\r\n"))
        self.assertEqual(b"DELETED\r\n", self.ask(b"delete result:done-twice\r\n"))
        self.assertEqual(b"STORED\r\n", self.ask(b"set work#done-twice 0 0 3\r\n200\r\n"))
        self.assertEqual(b"VA 3\r\n200\r\n", self.ask(b"mg result:done-twice v\r\n", b"200\r\n"))
        self.stop()
        self.start()
        self.assertEqual(b"VA 3\r\n100\r\n", self.ask(b"mg result:kept v\r\n", b"100\r\n"))
        self.assertEqual(b"VA 3\r\n200\r\n", self.ask(b"mg result:done-twice v\r\n", b"200\r\n"))
        for name in (b"deleted", b"replaced", b"expired", b"grown"):
            self.assertEqual(b"NOT_STORED\r\n", self.ask(b"append result:%s 0 0 1\r\nx\r\n" % name), name)

    def test_figures_of_queues(self):
        with open(self.file, "a") as file:
            file.write('[queue.idle]\nmax_attempts = 1\n[[route]]\nprefix = "idle"\nqueue = "idle"\n')
        self.start()
        for _ in range(3):
            self.assertEqual(b"STORED\r\n", self.ask(b"set idle 0 0 1\r\nx\r\n"))
        self.assertIn(b"VALUE", self.ask(b"get idle/open\r\n", b"END\r\n"))
        said = self.ask(b"stats queues\r\n", b"END\r\n")
        for figure in (b"idle:ready 2", b"idle:leased 1", b"idle:delayed 0", b"idle:oldest 0", b"idle:dead 0", b"work:ready 0"):
            self.assertIn(b"STAT " + figure + b"\r\n", said)
        self.assertIn(b"END", self.ask(b"get idle/abort\r\n", b"END\r\n"))
        self.assertIn(b"VALUE", self.ask(b"get idle/open\r\n", b"END\r\n"))
        said = self.ask(b"stats queues\r\n", b"END\r\n")
        self.assertIn(b"STAT idle:dead 1\r\n", said)
        self.assertNotIn(b"work:oldest", said)

    def test_what_is_flushed_stays_gone(self):
        self.start()
        self.assertEqual(b"STORED\r\n", self.ask(b"set work#a 0 0 3\r\n100\r\n"))
        self.assertEqual(b"VA 3\r\n100\r\n", self.ask(b"mg result:a v\r\n", b"100\r\n"))
        self.assertEqual(b"OK\r\n", self.ask(b"flush_all\r\n"))
        self.stop()
        self.start()
        self.assertEqual(b"NOT_STORED\r\n", self.ask(b"append result:a 0 0 1\r\nx\r\n"))


if __name__ == "__main__":
    unittest.main(verbosity=1)
