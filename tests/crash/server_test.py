"""The whole server is killed with SIGKILL while clients publish and work: what it answered STORED or DELETED holds."""
import contextlib
import os
import random
import subprocess
import tempfile
import threading
import unittest

import servers
from ports import held_port

ROUNDS = 6
SEED = 4711


class Client:
    def __init__(self, server):
        self.socket = server.connect()
        self.input = self.socket.makefile("rb")

    def close(self):
        self.input.close()
        self.socket.close()

    def line(self, command):
        """The first line of the answer; nothing once the server is dead."""
        try:
            self.socket.sendall(command)
            return self.input.readline()
        except OSError:
            return b""

    def take(self, queue):
        """(id, number) of a task that is open now, or None: there is none, or the server is dead."""
        line = self.line(b"gets queue/%s/open\r\n" % queue)
        if not line.startswith(b"VALUE"):
            return None
        try:
            body = self.input.readline().strip()
            return (body, line.split()[4]) if self.input.readline() == b"END\r\n" else None
        except OSError:
            return None


class Kill(unittest.TestCase):
    def start(self):
        state = self.state
        return servers.Server("freshet", lambda port, folder: [
            os.environ["FRESHET"], "serve", "--listen", f"127.0.0.1:{port}", "--state", state])

    def publish(self, server, name, first):
        with contextlib.closing(Client(server)) as client:
            for n in range(first, first + 100_000):
                body = b"%s-%d" % (name, n)
                self.sent.add(body)
                if client.line(b"set queue/%s 0 0 %d\r\n%s\r\n" % (name, len(body), body)) != b"STORED\r\n":
                    return
                self.stored.append(body)
                if len(self.stored) >= self.enough:
                    self.moment.set()

    def work(self, server, name):
        with contextlib.closing(Client(server)) as client:
            while server.alive():
                taken = client.take(name)
                if taken is None:
                    continue
                if taken[0] in self.deleted:
                    self.came_back.append(taken[0])
                self.asked.add(taken[0])
                if client.line(b"delete queue/%s/%s\r\n" % (name, taken[1])) == b"DELETED\r\n":
                    self.deleted.add(taken[0])

    def test_what_was_answered_holds_through_kills_in_the_middle_of_publishing(self):
        chance = random.Random(SEED)
        folder = self.enterContext(tempfile.TemporaryDirectory(dir="/var/tmp"))
        self.state = os.path.join(folder, "state")
        self.stored, self.sent, self.asked, self.deleted, self.came_back = [], set(), set(), set(), []
        for turn in range(ROUNDS):
            self.enough = len(self.stored) + chance.randrange(1, 400)
            self.moment = threading.Event()
            with self.start() as server:
                threads = [threading.Thread(target=self.publish, args=(server, name, turn * 100_000)) for name in (b"a", b"b")]
                threads += [threading.Thread(target=self.work, args=(server, name)) for name in (b"a", b"b")]
                for thread in threads:
                    thread.start()
                self.assertTrue(self.moment.wait(60), server.output())
                server.process.kill()
                server.process.wait()
                for thread in threads:
                    thread.join()
        self.assertEqual(self.came_back, [], "acknowledged ones came back under load")
        with self.start() as server, contextlib.closing(Client(server)) as client:
            left = {}
            for name in (b"a", b"b"):
                left[name] = []
                while taken := client.take(name):
                    left[name].append(taken[0])
                    self.assertEqual(client.line(b"delete queue/%s/%s\r\n" % (name, taken[1])), b"DELETED\r\n")
        there = left[b"a"] + left[b"b"]
        self.assertEqual(len(there), len(set(there)), "some came twice")
        self.assertEqual(set(there) & self.deleted, set(), "acknowledged ones came back")
        self.assertEqual(set(there) - self.sent, set(), "nobody sent them")
        self.assertEqual(set(self.stored) - set(there) - self.asked, set(), "confirmed ones are lost")
        for name, bodies in left.items():
            numbers = [int(body.split(b"-")[1]) for body in bodies]
            self.assertEqual(numbers, sorted(numbers), f"queue {name} is out of order")

    def test_a_killed_server_leaves_no_lock_behind(self):
        folder = self.enterContext(tempfile.TemporaryDirectory(dir="/var/tmp"))
        self.state = os.path.join(folder, "state")
        with self.start() as first:
            second = subprocess.run([os.environ["FRESHET"], "serve", "--listen", f"127.0.0.1:{held_port()}", "--state", self.state],
                                    capture_output=True, text=True, timeout=20)
            self.assertEqual(second.returncode, 1)
            self.assertIn("is open in another process", second.stderr + second.stdout)
            first.process.kill()
            first.process.wait()
        with self.start() as again:
            self.assertTrue(again.alive())


if __name__ == "__main__":
    unittest.main()
