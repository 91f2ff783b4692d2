"""freshet demo: its three scenarios without a broker on this machine's package database, as people and as programs see them."""
import json
import os
import signal
import subprocess
import time
import unittest

import servers
from ports import held_port

PROGRAM = os.environ["FRESHET"]
LIMIT = 140


def children(parent):
    """The command lines of its children, by process id."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as stat, open(f"/proc/{name}/cmdline") as line:
                if int(stat.read().rpartition(")")[2].split()[1]) == parent:
                    found[int(name)] = line.read().split("\0")
        except OSError:
            pass  # it has ended
    return found


def statistics(server):
    """What a memcached says of itself, by name."""
    with server.connect() as connection, connection.makefile("rb") as answers:
        connection.sendall(b"stats\r\n")
        return dict(line.split()[1:3] for line in iter(answers.readline, b"END\r\n"))


class Demo(unittest.TestCase):
    def run_demo(self, *arguments):
        result = subprocess.run([PROGRAM, "demo", *arguments], capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual(result.returncode, 0, result)
        self.assertEqual(result.stderr, "")
        return result.stdout

    def test_the_figures_for_programs(self):
        said = json.loads(self.run_demo("--json"))
        self.assertGreater(said["records"], 0)

        cache = said["cache"]
        self.assertGreater(cache["hit_rate"], 0)
        self.assertEqual(cache["gets"], cache["hits"] + cache["source_calls"] + cache["filled_from_records"])
        self.assertGreater(cache["source_calls"], 0)

        tasks = said["asynchronous"]
        self.assertEqual(tasks["lost"], 0)
        self.assertGreater(tasks["stored"], 0)
        self.assertEqual(tasks["stored"], tasks["tasks"])
        self.assertEqual(tasks["redelivered"], tasks["running_at_kill"])
        self.assertEqual(said["large_data"]["different"], 0)
        self.assertEqual(said["large_data"]["records"], said["records"])

        table = said["table"]
        self.assertEqual(len({row["name"] for row in table}), 7)
        for row in table:
            with self.subTest(row["name"]):
                self.assertGreater(row["seconds"], 0)
                self.assertGreater(row["D_us"]["samples"], 0)
                self.assertGreater(row["D_us"]["mean"], 0)
                self.assertEqual(set(row["D_us"]), {"samples", "mean", "p50", "p99", "p99.9"})
                if row["concurrency"] is not None:
                    self.assertAlmostEqual(row["little_mean_us"] * row["T_per_s"] / 1e6 / row["concurrency"], 1, places=1)
        worked_off = next(row for row in table if row["messages"] is not None)
        self.assertEqual(worked_off["messages"], tasks["stored"])

    def test_the_figures_for_people(self):
        said = self.run_demo()
        for words in ("hit rate", "lost 0", "0 differ", "D p50", "Little's law", "Try next", "nc -N 127.0.0.1 11311"):
            self.assertIn(words, said)
        self.assertNotIn("\r", said.replace(r"\r", ""))
        self.assertNotIn("\x1b", said)

    def test_with_a_pool_of_servers_the_values_go_there_and_are_removed(self):
        pool = [self.enterContext(servers.oracle()) for _ in range(2)]
        for server in pool:
            with server.connect() as connection:
                connection.sendall(b"set mine 0 0 4\r\nstay\r\n")
                self.assertEqual(connection.recv(100), b"STORED\r\n")
        urls = [f"memcached://127.0.0.1:{server.port}" for server in pool]
        said = json.loads(self.run_demo("--json", "--store", f"{urls[0]}?weight=2,{urls[1]}"))

        self.assertEqual(said["servers"], [urls[0] + "?weight=2", urls[1]])
        self.assertIsNone(said["cache"]["size_bytes"])
        self.assertGreater(said["cache"]["hit_rate"], 0)
        tasks = said["asynchronous"]
        self.assertEqual((tasks["lost"], tasks["stored"]), (0, tasks["tasks"]))
        self.assertEqual(tasks["redelivered"], tasks["running_at_kill"])
        bulk = said["large_data"]
        self.assertEqual((bulk["not_stored"], bulk["missing"], bulk["different"]), (0, 0, 0))

        for server in pool:
            its = statistics(server)
            self.assertGreater(int(its[b"cmd_set"]), said["records"] / 4)
            self.assertEqual((its[b"curr_items"], its[b"cmd_flush"]), (b"1", b"0"))
            with server.connect() as connection:
                connection.sendall(b"get mine\r\n")
                self.assertEqual(connection.recv(100), b"VALUE mine 0 4\r\nstay\r\nEND\r\n")

    def test_with_a_pool_that_has_no_room_it_says_what_is_missing(self):
        small = self.enterContext(servers.oracle(megabytes=8))
        said = self.run_demo("--store", f"memcached://127.0.0.1:{small.port}")
        for words in ("in 1 memcached server\n", "lost 0", ": 0 differ, ", " were not there any more\n"):
            self.assertIn(words, said)

    def test_a_wrong_url_or_a_server_that_does_not_answer_is_told_at_once(self):
        free = held_port()
        absent = f"127.0.0.1:{free}"
        for status, sentence, *urls in (
            (2, "--store: 'memory:' is no server; write \"memcached://HOST[:PORT]\" or \"unix:/PATH\"", "memory:"),
            (2, "--store: 'memcached://a?x=1': behind '?' stands weight=N, with 1 to 1000000", "memcached://a?x=1"),
            (2, "--store: a:11211 stands here twice", "memcached://a", "memcached://a:11211"),
            (1, f"server {absent} cannot be reached: Connection refused", f"memcached://{absent}"),
            (1, "server unix:/nowhere cannot be reached: nobody listens there", "unix:/nowhere"),
        ):
            with self.subTest(sentence):
                arguments = [word for url in urls for word in ("--store", url)]
                done = subprocess.run([PROGRAM, "demo", *arguments], capture_output=True, text=True, timeout=LIMIT)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (status, "", f"freshet: {sentence}\n"))

    def test_a_wrong_queue_is_told_at_once(self):
        for sentence, *arguments in (
            ("--queue: 'journal:' is no broker; write \"amqp://...\" or \"kafka://...\"; without --queue it is a journal", "journal:"),
            ("--queue: the demo kills the server, and only a journal keeps results that are in memory; name memcached servers with "
             "--store, too", "kafka://h"),
        ):
            done = subprocess.run([PROGRAM, "demo", "--queue", *arguments], capture_output=True, text=True, timeout=LIMIT)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (2, "", f"freshet: {sentence}\n"))

    def test_another_site_that_cannot_be_is_told_at_once(self):
        for sentence, *arguments in (
            ("--other-site: sites tell one another over a broker; name it with --queue, too", "--other-site", "memcached://b"),
            ("--other-site: a:11211 stands here twice", "--other-site", "memcached://a:11211"),
            ("--link: another site has one; name its servers with --other-site", "--link", "9193=b:9192"),
            ("--link: write PORT=HOST:PORT, a port of this machine and where the broker listens",
             "--queue", "kafka://b", "--other-site", "memcached://b", "--link", "b:9192"),
        ):
            done = subprocess.run([PROGRAM, "demo", "--store", "memcached://a", *arguments], capture_output=True, text=True, timeout=LIMIT)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (2, "", f"freshet: {sentence}\n"))

    def test_servers_of_a_site_that_keep_no_versions_are_told_at_once(self):
        new, old = self.enterContext(servers.oracle()), self.enterContext(servers.memcached_of_the_system())
        urls = [f"memcached://127.0.0.1:{server.port}" for server in (new, old)]
        for one, other in (urls, reversed(urls)):
            done = subprocess.run([PROGRAM, "demo", "--store", one, "--queue", "kafka://127.0.0.1", "--other-site", other],
                                  capture_output=True, text=True, timeout=LIMIT)
            said = f"freshet: server 127.0.0.1:{old.port} keeps no versions, which memcached 1.6.27 and later do\n"
            self.assertEqual((done.returncode, done.stdout, done.stderr), (1, "", said))

    def test_an_interrupt_leaves_nothing_behind(self):
        demo = subprocess.Popen([PROGRAM, "demo"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(demo.kill)
        end = time.monotonic() + LIMIT
        server = None
        while server is None and time.monotonic() < end:
            server = next(((pid, line) for pid, line in children(demo.pid).items() if "--state" in line), None)
            time.sleep(0.05)
        self.assertIsNotNone(server)
        pid, line = server
        folder = os.path.dirname(line[line.index("--state") + 1])
        self.assertTrue(folder.startswith("/var/tmp/freshet-demo-"), folder)
        demo.send_signal(signal.SIGINT)
        said = demo.communicate(timeout=LIMIT)
        self.assertEqual((demo.returncode, said[1]), (130, ""))
        self.assertFalse(os.path.exists(folder))
        self.assertFalse(os.path.exists(f"/proc/{pid}"))

    def test_without_the_package_database_it_says_so(self):
        if os.geteuid() != 0:
            self.skipTest("only root may hide a program")
        script = 'mount --bind /dev/null /usr/bin/apt-cache && exec "$0" demo'
        hidden = subprocess.run(["unshare", "--mount", "sh", "-c", script, PROGRAM], capture_output=True, text=True, timeout=LIMIT)
        if "apt-cache" not in hidden.stderr:
            self.skipTest(f"no mounts here: {hidden.stderr}")
        self.assertEqual(hidden.returncode, 1, hidden)
        self.assertEqual(hidden.stderr, "freshet: /usr/bin/apt-cache cannot be started: Permission denied\n")


if __name__ == "__main__":
    unittest.main()
