"""A program that gets no memory: what needed it ends, and nothing else."""
import os
import tempfile
import unittest

import servers
from numbers_file import NumbersFile

EVERY_TIME = 100_000
COMMANDS = [b"get a", b"set a 0 0 1\r\nx", b"mg a v", b"stats", b"stats queues", b"stats servers", b"stats settings", b"get queue/a",
            b"set queue/a 0 0 1\r\nx", b"get queue/a/open", b"get queue/b/t=100", b"flush_all"]


@unittest.skipUnless(servers.has_preload("failing_new"), "a sanitizer has an operator new of its own")
class NoMemory(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory(dir="/var/tmp"))
        self.failing = NumbersFile(os.path.join(folder, "failing"), "i")
        self.server = self.enterContext(servers.freshet("", environment={
            **servers.preload("failing_new"), "FAILING_NEW": self.failing.path}))

    def test_each_command_is_answered_or_its_connection_ends_and_the_server_lives(self):
        for command in COMMANDS:
            with self.subTest(command=command), self.server.connect() as connection:
                connection.sendall(b"version\r\n")
                self.assertIn(b"VERSION", connection.recv(100))
                self.failing.set(EVERY_TIME)
                try:
                    connection.sendall(command + b"\r\n")
                    connection.recv(1_000)
                except ConnectionError:
                    pass
                finally:
                    self.failing.set(0)
                with self.server.connect() as another:
                    another.sendall(b"version\r\n")
                    self.assertIn(b"VERSION", another.recv(100), self.server.output())


if __name__ == "__main__":
    unittest.main()
