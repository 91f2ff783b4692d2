"""What clients can make the server hold in memory: each kind at full speed, within memory_max; others are served meanwhile, and
it is given back when they have gone."""
import os
import re
import tempfile
import threading
import time
import unittest

import servers

MIB = 1 << 20
MEMORY_MAX = 64 * MIB
ADDRESS_SPACE = 1024 * MIB      # threads' stacks and libraries are most of it
CONFIG = f"""
[server]
memory_max = "64MiB"
item_size_max = "2MiB"
connections_max = 5000
[store.main]
url = "memory:"
size = "64MiB"
[[route]]
prefix = ""
store = "main"
[[route]]
prefix = "wait/"
store = "main"
wait = "60s"
[[route]]
prefix = "queue/"
queue = "*"
"""


def sanitized():
    with open(os.path.join(os.environ["FRESHET_BUILD_DIR"], "CMakeCache.txt")) as cache:
        return re.search("^FRESHET_SANITIZE:[A-Z]+=.", cache.read(), re.M) is not None


def resident(pid, what="VmRSS"):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(what + r":\s+(\d+) kB", status.read())[1]) * 1024


class Memory(unittest.TestCase):
    def setUp(self):
        self.measured = not sanitized()     # they have memory of their own, and take their time
        self.few = 1 if self.measured else 10
        self.clients = []

    def start(self, environment=None):
        limit = [] if not self.measured else ["prlimit", f"--as={ADDRESS_SPACE}"]
        self.server = self.enterContext(servers.freshet(CONFIG, limit, environment))
        self.assertEqual(b"STORED\r\n", self.ask(b"set big 0 0 1000000\r\n" + bytes(1_000_000) + b"\r\n", 8))
        self.assertEqual(b"STORED\r\n", self.ask(b"set small 0 0 1\r\nx\r\n", 8))
        self.at_first = resident(self.server.process.pid)

    def client(self):
        connection = self.server.connect()
        self.clients.append(connection)
        return connection

    def ask(self, command, size):
        with self.server.connect() as connection:
            connection.settimeout(60)
            connection.sendall(command)
            said = b""
            while len(said) < size:
                part = connection.recv(size)
                if not part:
                    break
                said += part
            return said

    def statistic(self, name):
        with self.server.connect() as connection:
            connection.settimeout(60)
            connection.sendall(b"stats\r\n")
            said = b""
            while not said.endswith(b"END\r\n"):
                said += connection.recv(65_536)
        return int(re.search(name + rb" (\d+)\r", said)[1])

    def until(self, condition, what, end=30):
        deadline = time.monotonic() + end
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    def others_are_served(self):
        for _ in range(20):
            self.assertEqual(b"VALUE small 0 1\r\nx\r\nEND\r\n", self.ask(b"get small\r\n", 25))
            self.assertEqual(b"STORED\r\n", self.ask(b"set other 0 0 1000\r\n" + bytes(1_000) + b"\r\n", 8))

    def within_limits(self):
        """One answer may be made beyond it before somebody has to go."""
        self.assertLess(self.statistic(b"freshet_memory_held"), MEMORY_MAX + 8 * MIB)
        if self.measured:
            self.assertLess(resident(self.server.process.pid, "VmHWM") - self.at_first, 3 * MEMORY_MAX)

    def everything_comes_back(self):
        for connection in self.clients:
            connection.close()
        self.until(lambda: self.statistic(b"freshet_memory_held") < MIB, "it is held for nobody")
        if self.measured:
            self.until(lambda: resident(self.server.process.pid) < self.at_first + 64 * MIB, "it is not given back", 5)

    def send_what_it_takes(self, connections, command):
        """From each, until none of them takes any more; a thread of its own."""
        def send():
            left = {connection: command for connection in connections}
            while left:
                moved = False
                for connection in list(left):
                    try:
                        connection.setblocking(False)
                        left[connection] = left[connection][connection.send(left[connection]):]
                        moved = True
                    except BlockingIOError:
                        continue
                    except OSError:
                        left[connection] = b""
                    if not left[connection]:
                        del left[connection]
                if not moved:
                    return
        thread = threading.Thread(target=send)
        thread.start()
        return thread

    def test_answers_behind_a_get_that_waits(self):
        self.start()
        sending = self.send_what_it_takes([self.client() for _ in range(25)], b"get wait/x\r\n" + 1_023 * b"get big\r\n")
        self.others_are_served()
        sending.join()
        self.others_are_served()
        self.within_limits()
        self.everything_comes_back()

    def test_clients_that_do_not_read(self):
        self.start()
        sending = self.send_what_it_takes([self.client() for _ in range(900 // self.few)], 20 * b"get big\r\n")
        self.others_are_served()
        sending.join()
        self.others_are_served()
        self.within_limits()
        self.everything_comes_back()

    def test_values_that_are_half_sent(self):
        self.start()
        sending = self.send_what_it_takes([self.client() for _ in range(800)], b"set half 0 0 1000000\r\n" + bytes(100_000))
        self.others_are_served()
        sending.join()
        self.others_are_served()
        self.within_limits()
        self.assertIn(b"busy, not_done", self.ask(b"set x 0 0 1000000\r\n" + bytes(1_000_000) + b"\r\n", 41))
        self.everything_comes_back()
        self.assertEqual(b"STORED\r\n", self.ask(b"set x 0 0 1000000\r\n" + bytes(1_000_000) + b"\r\n", 8))

    def test_a_value_for_many_that_wait(self):
        self.start()
        waiting = [self.client() for _ in range(20)]
        for connection in waiting:
            connection.sendall(1_000 // self.few * b"get wait/x\r\n")
        self.until(lambda: self.statistic(b"bytes_read") > 20 * (1_000 // self.few) * 12, "they are not read")
        self.assertEqual(b"STORED\r\n", self.ask(b"set wait/x 0 0 100000\r\n" + bytes(100_000) + b"\r\n", 8))
        self.others_are_served()
        self.within_limits()
        self.everything_comes_back()

    def test_messages_for_a_disk_that_stands_still(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        stands_still = os.path.join(folder, "stands-still")
        self.start({**servers.preload("slow_sync"), "SLOW_SYNC": stands_still})
        message = b"set queue/a 0 0 60000\r\n" + bytes(60_000) + b"\r\n"
        for _ in range(10):     # the journal's own memory is no client's: its pages, and what it reads ahead
            with self.server.connect() as connection:
                hundred_answers(connection, message)
        self.until(lambda: self.ask(message, 8) == b"STORED\r\n", "the disk is too slow")
        self.at_first = resident(self.server.process.pid)
        with open(stands_still, "w"):
            pass
        refused = threading.Event()

        def publish():
            with self.server.connect() as connection:
                while not refused.is_set():
                    if b"busy, not_done" in hundred_answers(connection, message):
                        refused.set()
        publishers = [threading.Thread(target=publish, daemon=True) for _ in range(4)]
        for thread in publishers:
            thread.start()
        self.assertTrue(refused.wait(60), "everything is taken")
        self.others_are_served()
        self.within_limits()
        os.unlink(stands_still)
        for thread in publishers:
            thread.join()
        self.everything_comes_back()
        self.assertEqual(b"STORED\r\n", self.ask(b"set queue/a 0 0 1\r\nx\r\n", 8))


def hundred_answers(connection, message):
    connection.settimeout(60)
    connection.sendall(100 * message)
    said = b""
    while said.count(b"\n") < 100:
        said += connection.recv(65_536)
    return said


if __name__ == "__main__":
    unittest.main(verbosity=1)
