"""What docs/adopt.md says of a pool: its file, what a failure is told as, and the limits."""
import os
import re
import signal
import time
import unittest

import servers
from freeze import freeze
from ports import held_port

PAGE = os.path.join(os.path.dirname(__file__), "../../docs/adopt.md")
LIMIT_SECONDS = 20


def ask(server, text):
    """Everything it answers."""
    with server.connect() as connection, connection.makefile("rb") as answers:
        connection.sendall(text + b"quit\r\n")
        return answers.read()


class Adopt(unittest.TestCase):
    def setUp(self):
        self.member = self.enterContext(servers.oracle())
        self.name = b"127.0.0.1:%d" % self.member.port
        self.front = self.enterContext(servers.freshet(f'[store.main]\nurl = "memcached://127.0.0.1:{self.member.port}"\n'))

    def wait_for(self, question, wanted):
        """The first answer in which this stands."""
        end = time.monotonic() + LIMIT_SECONDS
        while time.monotonic() < end:
            answer = ask(self.front, question)
            if wanted in answer:
                return answer
            time.sleep(0.05)
        self.fail(f"no {wanted} in {answer}")

    def test_the_file_on_the_page_is_right(self):
        with open(PAGE, encoding="utf-8") as page:
            text = re.search(r"```toml\n(.*?)```", page.read(), re.DOTALL).group(1)
        self.enterContext(servers.freshet(text))

    def test_a_server_that_is_gone_is_down_until_it_is_there_again(self):
        self.assertEqual(b"STORED\r\n", ask(self.front, b"set x 0 0 1\r\na\r\n"))
        self.wait_for(b"stats servers\r\n", b"STAT main:%s:state up\r\n" % self.name)
        self.member.process.send_signal(signal.SIGTERM)
        self.member.process.wait()
        refused = ask(self.front, b"set x 0 0 1\r\nb\r\n")
        self.assertRegex(refused, b"^SERVER_ERROR server %s (is unreachable|closed the connection), not_done\r\n$" % self.name)
        self.wait_for(b"set x 0 0 1\r\nb\r\n", b"SERVER_ERROR server %s is down, not_done\r\n" % self.name)
        self.assertEqual(b"END\r\nEN\r\n", ask(self.front, b"get x y\r\nmg x v\r\n"))
        self.wait_for(b"stats servers\r\n", b"STAT main:%s:state down\r\n" % self.name)

    def test_a_server_that_hangs_may_have_done_what_it_was_sent(self):
        self.assertEqual(b"STORED\r\n", ask(self.front, b"set x 0 0 1\r\na\r\n"))
        freeze(self.member.process)
        self.addCleanup(self.member.process.send_signal, signal.SIGCONT)
        begin = time.monotonic()
        self.assertEqual(b"SERVER_ERROR server %s did not answer in time, maybe_done\r\n" % self.name,
                         ask(self.front, b"set x 0 0 1\r\nb\r\n"))
        self.assertLess(time.monotonic() - begin, 2)
        self.wait_for(b"set y 0 0 1\r\nc\r\n", b"SERVER_ERROR server %s is down, not_done\r\n" % self.name)
        self.member.process.send_signal(signal.SIGCONT)
        self.wait_for(b"stats servers\r\n", b"STAT main:%s:state trial\r\n" % self.name)
        self.wait_for(b"get x\r\n", b"VALUE x 0 1\r\nb\r\nEND\r\n")      # it was done, sooner or later
        self.wait_for(b"stats servers\r\n", b"STAT main:%s:state up\r\n" % self.name)

    def test_with_errors_for_gets_a_get_of_several_ends_with_one(self):
        gone = held_port()
        both = self.enterContext(servers.freshet(f'[store.main]\nurl = ["memcached://127.0.0.1:{self.member.port}", '
                                       f'"memcached://127.0.0.1:{gone}"]\non_get_error = "error"\n'))
        keys = [b"%d" % number for number in range(20)]
        for key in keys:
            ask(both, b"set %s 0 0 1\r\na\r\n" % key)
        said = ask(both, b"get " + b" ".join(keys) + b"\r\n")
        self.assertIn(b"VALUE ", said)
        self.assertNotIn(b"END\r\n", said)
        self.assertRegex(said, b"\r\nSERVER_ERROR server 127.0.0.1:%d (is down|is unreachable), not_done\r\n$" % gone)

    def test_flush_all_is_refused_unless_the_store_allows_it(self):
        self.assertEqual(b"CLIENT_ERROR flush_all not allowed\r\n", ask(self.front, b"flush_all\r\n"))
        self.assertIn(b"STAT flush_enabled no\r\n", ask(self.front, b"stats settings\r\n"))
        allowed = self.enterContext(servers.freshet(f'[store.main]\nurl = "memcached://{self.name.decode()}"\nflush_all = true\n'))
        self.assertEqual(b"OK\r\n", ask(allowed, b"flush_all\r\n"))
        self.assertIn(b"STAT flush_enabled yes\r\n", ask(allowed, b"stats settings\r\n"))

    def test_a_refused_flush_all_is_counted_as_memcached_counts_it(self):
        refusing = self.enterContext(servers.oracle("-F"))
        for server in (refusing, self.front):
            with self.subTest(server.name):
                said = ask(server, b"flush_all\r\nflush_all 10\r\nflush_all noreply\r\nstats\r\n")
                self.assertTrue(said.startswith(b"CLIENT_ERROR flush_all not allowed\r\n" * 2 + b"STAT "), said)
                self.assertIn(b"STAT cmd_flush 3\r\n", said)

    def test_a_get_takes_the_win_token_of_a_stale_item(self):
        self.assertEqual(b"STORED\r\nHD\r\nVALUE x 0 1\r\na\r\nEND\r\nVA 1 Z X\r\na\r\n",
                         ask(self.front, b"set x 0 0 1\r\na\r\nmd x I\r\nget x\r\nmg x v\r\n"))


if __name__ == "__main__":
    unittest.main()
