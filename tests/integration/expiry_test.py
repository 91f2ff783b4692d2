"""Expiration in real time: what has a lifetime of a second or two goes, and nothing else does."""
import time
import unittest

import servers

GONE_WITHIN_SECONDS = 6     # lifetimes here are at most 2 s, and a server's clock ticks once a second


class Expiry(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(servers.subject())

    def setUp(self):
        self.connection = self.server.connect()

    def tearDown(self):
        self.connection.close()

    def ask(self, commands):
        """The answers to the commands, without those of the fence."""
        self.connection.sendall(commands + b"mn\r\n")
        answer = b""
        while not answer.endswith(b"MN\r\n"):
            part = self.connection.recv(1 << 16)
            self.assertTrue(part, "the server closed")
            answer += part
        return answer.removesuffix(b"MN\r\n")

    def wait_until_gone(self, keys):
        deadline = time.monotonic() + GONE_WITHIN_SECONDS
        while (left := self.ask(b"get %s\r\n" % b" ".join(keys))) != b"END\r\n":
            self.assertLess(time.monotonic(), deadline, left)
            time.sleep(0.02)

    def test_lifetimes_end_and_only_they(self):
        soon = int(time.time()) + 2
        start = time.monotonic()
        self.ask(b"set relative 0 2 1\r\nx\r\nset absolute 0 %d 1\r\nx\r\nms meta 1 T2\r\nx\r\nset touched 0 0 1\r\nx\r\ntouch touched 2\r\n"
                 b"set gat 0 500 1\r\nx\r\ngat 2 gat\r\nset mg 0 500 1\r\nx\r\nmg mg T2\r\nmg stub N2\r\nma count N2\r\n"
                 b"set stale 0 0 1\r\nx\r\nmd stale I T2\r\nset appended 0 2 1\r\nx\r\nappend appended 0 0 1\r\ny\r\n" % soon)
        self.ask(b"set for-ever 0 0 1\r\nx\r\nset later 0 1000 1\r\nx\r\nset saved 0 2 1\r\nx\r\ntouch saved 0\r\nset again 0 2 1\r\nx\r\nset again 0 0 1\r\ny\r\n")
        mortal = [b"relative", b"meta", b"touched", b"gat", b"mg", b"stub", b"count", b"stale", b"appended"]
        if time.monotonic() - start < 0.9:
            self.assertEqual(len(mortal), self.ask(b"get %s\r\n" % b" ".join(mortal)).count(b"VALUE "))
        self.wait_until_gone(mortal + [b"absolute"])
        self.assertGreater(time.monotonic() - start, 0.9)
        self.assertEqual(b"EN\r\nNOT_FOUND\r\nNOT_STORED\r\nSTORED\r\n",
                         self.ask(b"mg relative\r\nincr count 1\r\nreplace meta 0 0 1\r\nx\r\nadd stub 0 0 1\r\nx\r\n"))
        kept = self.ask(b"get for-ever later saved again\r\n")
        self.assertEqual(4, kept.count(b"VALUE "), kept)

    def test_a_delayed_flush_takes_what_was_there_and_spares_what_comes(self):
        self.ask(b"set before 0 0 1\r\nx\r\nflush_all 3\r\n")
        self.assertIn(b"VALUE before", self.ask(b"get before\r\n"))
        self.wait_until_gone([b"before"])
        time.sleep(1.1)     # past the second of the flush itself, in which new items go too
        self.ask(b"set after 0 0 1\r\nx\r\n")
        self.assertIn(b"VALUE after", self.ask(b"get before after\r\n"))

    def test_a_recache_time_is_won_once_the_lifetime_is_shorter(self):
        self.ask(b"set key 0 7 1\r\nx\r\n")
        self.assertEqual(b"HD\r\n", self.ask(b"mg key R3\r\n"))
        deadline = time.monotonic() + GONE_WITHIN_SECONDS
        while (answer := self.ask(b"mg key R6\r\n")) == b"HD\r\n":
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        self.assertEqual(b"HD W\r\n", answer)
        self.assertEqual(b"HD Z\r\n", self.ask(b"mg key R6\r\n"))


if __name__ == "__main__":
    unittest.main()
