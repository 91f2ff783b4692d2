"""Clients that talk nonsense, stop in the middle or vanish: the server goes on answering the others."""
import contextlib
import random
import socket
import struct
import unittest

import servers
from random_commands import Generator

ROUNDS = 60
RESET = struct.pack("ii", 1, 0)     # SO_LINGER: close with a reset


class Garbage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(servers.subject())

    def setUp(self):
        self.seed = random.randrange(1_000_000)
        self.random = random.Random(self.seed)

    def throw(self, data, reset=False):
        """Sends the data, reads a little or nothing, and goes."""
        with self.server.connect() as connection, contextlib.suppress(OSError):
            connection.settimeout(0.05)
            connection.sendall(data)
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                return
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1 << 16):
                pass

    def check_that_it_answers(self):
        self.assertTrue(self.server.alive(), f"seed {self.seed}: {self.server.output()}")
        with self.server.connect() as connection:
            connection.sendall(b"set alive 0 0 3\r\nyes\r\nget alive\r\n")
            expected = b"STORED\r\nVALUE alive 0 3\r\nyes\r\nEND\r\n"
            answer = b""
            while len(answer) < len(expected) and (part := connection.recv(100)):
                answer += part
            self.assertEqual(expected, answer, f"seed {self.seed}")

    def test_random_bytes(self):
        for _ in range(ROUNDS):
            self.throw(self.random.randbytes(self.random.choice([1, 10, 1000, 100_000])), reset=self.random.random() < 0.3)
            self.check_that_it_answers()

    def test_random_bytes_in_lines_that_begin_as_commands(self):
        words = [b"get ", b"gets ", b"set a 0 0 5\r\n", b"ms a 5 ", b"mg a ", b"md ", b"ma ", b"incr a ", b"flush_all ", b"stats ", b"gat ", b"cas a 0 0 1 "]
        for _ in range(ROUNDS):
            lines = [self.random.choice(words) + self.random.randbytes(self.random.randrange(80)) + b"\r\n" for _ in range(100)]
            self.throw(b"".join(lines), reset=self.random.random() < 0.3)
            self.check_that_it_answers()

    def test_commands_that_are_cut_off(self):
        generator = Generator(self.random)
        for _ in range(ROUNDS * 3):
            data = b"".join(generator.command().resolve(lambda key: 5) for _ in range(5))
            self.throw(data[:self.random.randrange(len(data) + 1)], reset=self.random.random() < 0.3)
        self.check_that_it_answers()

    def test_a_value_that_never_comes(self):
        with contextlib.ExitStack() as stack:
            for _ in range(200):
                connection = stack.enter_context(self.server.connect())
                connection.sendall(b"set never 0 0 1000000\r\n" + b"x" * self.random.randrange(50_000))
            self.check_that_it_answers()
        self.check_that_it_answers()

    def test_answers_that_nobody_reads(self):
        self.throw(b"set large 0 0 900000\r\n" + b"x" * 900_000 + b"\r\n")
        with contextlib.ExitStack() as stack:
            for _ in range(20):
                connection = stack.enter_context(self.server.connect())
                connection.sendall(b"get large\r\n" * 200)
            self.check_that_it_answers()
        self.check_that_it_answers()


if __name__ == "__main__":
    unittest.main()
