"""freshet bench: against real caches and queues, and against servers that say what is wrong."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import servers
from ports import held_port
from scripted import ScriptedServer, wait_until

PROGRAM = os.environ["FRESHET"]
LIMIT = 120


def bench(*words, limit=LIMIT):
    return subprocess.run([PROGRAM, "bench", *map(str, words)], capture_output=True, text=True, timeout=limit)


def start_bench(*words):
    return subprocess.Popen([PROGRAM, "bench", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def memcached(port=None):
    program = shutil.which("memcached", path=os.environ.get("PATH", "") + ":/usr/bin")
    if not program:
        raise unittest.SkipTest("memcached is not installed")
    return servers.Server("memcached", lambda free, _: [
        program, "-u", "root", "-l", "127.0.0.1", "-p", str(free), "-U", "0", "-t", "1", "-m", "64"], port=port)


def freshet_at(port, folder):
    """Started in a folder that outlives it."""
    return subprocess.Popen(
        [PROGRAM, "serve", "--listen", f"127.0.0.1:{port}", "--state", os.path.join(folder, "state")],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def say(server, text):
    with server.connect() as connection, connection.makefile("rb") as lines:
        connection.sendall(text)
        return lines.readline()


def figure_of(server, name):
    with server.connect() as connection, connection.makefile("rb") as lines:
        connection.sendall(b"stats\r\n")
        for line in lines:
            if line.startswith(b"STAT %s " % name):
                return int(line.split()[2])
            if line == b"END\r\n":
                return 0


def gets_of(server):
    return figure_of(server, b"cmd_get")


class BenchCase(unittest.TestCase):
    def figures(self, *words, status=0):
        result = bench(*words, "--json")
        self.assertEqual(result.returncode, status, result)
        return json.loads(result.stdout)

    def start(self, *words):
        running = start_bench(*words)
        self.addCleanup(running.stderr.close)
        self.addCleanup(running.stdout.close)
        self.addCleanup(running.wait)
        self.addCleanup(running.kill)
        return running

    def end(self, running, status=0):
        out, err = running.communicate(timeout=LIMIT)
        self.assertEqual(running.returncode, status, (out, err))
        return json.loads(out)

    def expect_refusal(self, result, *words):
        self.assertEqual(result.returncode, 1, result)
        self.assertRegex(result.stderr, r"\Afreshet: [^\n]+\n\Z")
        for w in words:
            self.assertIn(w, result.stderr)


class Cache(BenchCase):
    def check(self, said, value=100):
        self.assertEqual(said["requests"], said["hits"] + said["misses"] + said["sets"])
        self.assertEqual((said["misses"], said["errors"]), (0, 0), said)
        self.assertGreater(said["hits"], said["sets"])
        self.assertGreater(said["sets"], 0)
        self.assertAlmostEqual(said["T_per_s"] * said["seconds"] / said["requests"], 1, places=2)
        self.assertAlmostEqual(said["S_bytes_per_s"] / (said["T_per_s"] * value), 1, places=2)
        d = said["D_us"]
        self.assertLessEqual(d["p50"], d["p90"])
        self.assertLessEqual(d["p90"], d["p99"])
        self.assertLessEqual(d["p99"], d["max"])
        self.assertGreater(d["mean"], 0)
        self.assertGreater(said["own_cpu"], 0)

    def test_the_figures_are_consistent(self):
        for start in (memcached, servers.subject):
            with start() as server:
                address = f"127.0.0.1:{server.port}"
                for words in ([], ["--protocol", "meta", "--threads", 2, "--skew", "zipf:0.99"], ["--depth", 1, "--value", 4000]):
                    with self.subTest(server=server.name, words=words):
                        said = self.figures(address, "--requests", 20000, "--keys", 1000, "--pid", server.process.pid, *words)
                        self.assertEqual(said["requests"], 20000)
                        self.check(said, 4000 if "--value" in words else 100)
                        self.assertGreater(said["server_cpu_us"], 0)
                        self.assertLess(said["D_us"]["mean"], 1.1 * said["little_mean_us"])

    def test_a_run_has_the_length_that_was_asked_for(self):
        with memcached() as server:
            said = self.figures(f"127.0.0.1:{server.port}", "--seconds", 0.5, "--keys", 1000)
            self.check(said)
            self.assertGreaterEqual(said["seconds"], 0.5)

    def test_gets_of_several_keys_count_each_key(self):
        for protocol in ("classic", "meta"):
            with memcached() as server:
                address = f"127.0.0.1:{server.port}"
                said = self.figures(address, "--multi", 7, "--requests", 10000, "--keys", 100, "--protocol", protocol)
                self.assertEqual(said["requests"], 10000)
                self.check(said)
                said = self.figures(address, "--multi", 7, "--requests", 700, "--ratio", "1:0", "--protocol", protocol,
                                    "--no-fill", "--key-size", 40)
                self.assertEqual((said["hits"], said["misses"], said["sets"]), (0, 700, 0))

    def test_a_miss_can_be_followed_by_a_set(self):
        with memcached() as server:
            said = self.figures(f"127.0.0.1:{server.port}", "--no-fill", "--set-on-miss", "--ratio", "1:0", "--keys", 50,
                                "--connections", 1, "--depth", 1, "--requests", 2000)
            self.assertEqual(said["misses"], said["sets"])
            self.assertEqual((said["misses"], said["hits"]), (50, 1900))

    def test_keys_that_never_come_again_are_misses(self):
        with memcached() as server:
            said = self.figures(f"127.0.0.1:{server.port}", "--one-hit", 1, "--ratio", "1:0", "--keys", 50, "--requests", 500)
            self.assertEqual((said["misses"], said["hits"]), (500, 0))

    def test_the_table_for_people(self):
        with memcached() as server:
            result = bench(f"127.0.0.1:{server.port}", "--requests", 2000, "--keys", 100)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for name in ("S ", "T ", "D ", "Little's law", "requests ", "hit rate ", "generator "):
            self.assertRegex(result.stdout, rf"(?m)^{name}")
        for name in ("server ", "heap calls ", "errors ", "not sent "):
            self.assertNotRegex(result.stdout, rf"(?m)^{name}")

    def test_an_open_loop_sends_what_is_due(self):
        with memcached() as server:
            for threads in (1, 3):
                said = self.figures(f"127.0.0.1:{server.port}", "--rate", 3000, "--seconds", 1, "--keys", 100, "--threads", threads)
                self.assertAlmostEqual(said["requests"] + said["not_sent"], 3000, delta=30)
                self.assertEqual(said["rate"], 3000)
                self.assertNotIn("little_mean_us", said)

    def test_an_open_loop_counts_from_when_a_request_was_due(self):
        first = []

        def answer(words, body):
            if not first:
                first.append(time.sleep(0.5))  # the server's pause, in which 50 requests become due
            return b"END\r\n"

        with ScriptedServer(answer) as server:
            said = self.figures(server.address, "--no-fill", "--ratio", "1:0", "--connections", 1, "--depth", 100, "--rate", 100,
                                "--seconds", 1)
        self.assertGreater(said["D_us"]["p90"], 200_000)
        self.assertGreater(said["requests"] + said["not_sent"], 90)

    def test_a_unix_socket_is_an_address(self):
        with servers.Server("freshet", lambda port, folder: [
                PROGRAM, "serve", "--state", f"{folder}/state", "--listen", f"unix:{folder}/socket", "--listen", f"127.0.0.1:{port}"]) as server:
            self.check(self.figures(f"unix:{server.folder}/socket", "--requests", 5000, "--keys", 100))
        self.expect_refusal(bench("unix:/nowhere/at/all"), "unix:/nowhere/at/all cannot be reached: No such file")

    def test_a_server_that_is_not_there(self):
        self.expect_refusal(bench(f"127.0.0.1:{held_port()}"), "cannot be reached: Connection refused")
        self.expect_refusal(bench("no.such.host.invalid:1"), "the host of no.such.host.invalid:1 is not known")

    def test_a_process_that_is_not_there(self):
        with memcached() as server:
            self.expect_refusal(bench(f"127.0.0.1:{server.port}", "--pid", 4194304), "processor time of a process 4194304")
            self.expect_refusal(bench(f"127.0.0.1:{server.port}", "--calls", "/dev/null"), "/dev/null is no file of call counters")

    def test_a_number_that_no_process_can_have(self):
        for pid in (0, 4194305, 1 << 29):    # the clock of process 1 << 29 would be that of process 0, which is the bench
            result = bench("127.0.0.1:1", "--pid", pid)
            self.assertEqual((result.returncode, result.stdout), (2, ""))
            self.assertIn(f"--pid: '{pid}' is no whole number from 1 to 4194304", result.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_a_process_of_another_user(self):
        nobody = {"user": 65534, "group": 65534, "extra_groups": []}
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, memcached() as server:
            os.chmod(folder, 0o755)
            program = shutil.copy(PROGRAM, folder)    # where PROGRAM is, nobody may be unable to go
            result = subprocess.run(
                [program, "bench", f"127.0.0.1:{server.port}", "--requests", "20000", "--keys", "100", "--json",
                 "--pid", str(server.process.pid)], capture_output=True, text=True, timeout=LIMIT, **nobody)
        self.assertEqual(result.returncode, 0, result)
        self.assertGreater(json.loads(result.stdout)["server_cpu_us"], 0)

    def test_a_server_that_is_killed_and_comes_back(self):
        for extra in ([], ["--rate", "2000"]):
            with self.subTest(extra), memcached() as server:
                running = self.start(f"127.0.0.1:{server.port}", "--connections", 5, "--depth", 16, "--seconds", 1000, "--keys", 100,
                                     "--json", *extra)
                wait_until(lambda: gets_of(server) > 100)
                server.process.kill()
                server.process.wait()
                with memcached(server.port) as again:
                    # more than the connections send before they have replies: some have come
                    wait_until(lambda: gets_of(again) > 5 * 16)
                    running.send_signal(signal.SIGINT)
                    said = self.end(running, 130)
            self.assertEqual(said["cut_connections"], 5, said)
            self.assertEqual(said["errors"], 5)
            self.assertGreater(said["misses"], 0)  # the new server is empty

    def test_a_server_that_is_killed_for_good(self):
        with memcached() as server:
            running = self.start(f"127.0.0.1:{server.port}", "--connections", 5, "--seconds", 2, "--keys", 100, "--json")
            wait_until(lambda: gets_of(server) > 100)
            server.process.kill()
            said = self.end(running)
        self.assertEqual(said["cut_connections"], 5)
        self.assertGreater(said["failed_attempts"], 0)
        self.assertGreater(said["requests"], 0)

    def test_connections_that_are_cut_now_and_then(self):
        answered = []

        def answer(words, body):
            answered.append(words)
            if len(answered) % 20 == 0:
                return None
            return b"STORED\r\n" if words[0] == b"set" else b"END\r\n"

        with ScriptedServer(answer) as server:
            said = self.figures(server.address, "--connections", 2, "--depth", 4, "--keys", 100, "--requests", 200)
        self.assertGreater(said["cut_connections"], 3)
        self.assertGreater(said["unanswered"], 0)
        self.assertEqual(said["requests"] + said["unanswered"], 200)

    def test_a_fill_sets_every_key_though_connections_are_cut(self):
        keys = set()
        commands = []

        def answer(words, body):
            commands.append(words)
            if len(commands) % 13 == 0:
                return None
            keys.add(words[1])
            return b"STORED\r\n"

        with ScriptedServer(answer) as server:
            result = bench(server.address, "--connections", 3, "--depth", 4, "--keys", 100, "--ratio", "0:1", "--requests", 1, "--json")
        self.assertEqual(len(keys), 100)
        self.assertEqual(result.returncode, 0 if json.loads(result.stdout)["requests"] else 1)
        self.assertIn("freshet: fill: 0 error replies, ", result.stderr)

    def test_a_server_that_says_nothing(self):
        with ScriptedServer(lambda words, body: b"") as server:
            result = bench(server.address, "--no-fill", "--connections", 2, "--seconds", 0.5, "--patience", 0.2, "--json")
        said = json.loads(result.stdout)
        self.assertGreaterEqual(said["silent_connections"], 2)
        self.assertNotIn("D_us", said)
        self.expect_refusal(result, "no request was answered")

    def test_errors_are_counted_and_the_first_is_shown(self):
        with ScriptedServer(lambda words, body: b"STORED\r\n" if words[0] == b"set" else b"SERVER_ERROR busy\r\n") as server:
            said = self.figures(server.address, "--keys", 10, "--ratio", "1:1", "--requests", 1000)
            result = bench(server.address, "--keys", 10, "--ratio", "1:1", "--requests", 1000)
        self.assertEqual(said["first_error"], "SERVER_ERROR busy")
        self.assertEqual(said["errors"] + said["sets"], 1000)
        self.assertEqual(said["requests"], said["sets"])
        self.assertIn("the first: SERVER_ERROR busy\n", result.stdout)

    def test_a_wrong_reply_ends_the_run(self):
        stored = {}

        def answering(make):
            def answer(words, body):
                if words[0] == b"set":
                    stored[words[1]] = body
                    return b"STORED\r\n"
                return make(words[1], stored[words[1]])
            return answer

        def value(key, body):
            return b"VALUE %s 0 %d\r\n%s\r\nEND\r\n" % (key, len(body), body)

        other = b"freshet-bench:" + b"f" * 16
        for make, words in [
            (lambda key, body: value(key, body[:-1] + b"!!"[:1]), "a wrong value"),
            (lambda key, body: value(key, b"0" + body), "wrong flags or length"),
            (lambda key, body: value(other, body), "wrong key"),
            (lambda key, body: value(key, body).replace(b"END", b"HUH"), "does not fit a get: 'HUH'"),
            (lambda key, body: value(key, body) + b"END\r\n", "nobody asked for"),
            (lambda key, body: b"\x1b[31mgarbage\r\n", "\\x1b[31mgarbage"),
            (lambda key, body: b"x" * 5000, "without end"),
        ]:
            for more in ([], ["--threads", "3"]):
                with self.subTest(words, more=more), ScriptedServer(answering(make)) as server:
                    result = bench(server.address, "--keys", 10, "--connections", 3, "--depth", 1, "--seconds", 60, "--ratio", "1:0",
                                   "--json", *more)
                    self.expect_refusal(result, words)
                    self.assertEqual(result.stdout, "")

    def test_an_interrupt_prints_the_figures_so_far(self):
        with memcached() as server:
            running = self.start(f"127.0.0.1:{server.port}", "--seconds", 1000, "--keys", 100, "--json")
            wait_until(lambda: gets_of(server) > 1000)
            running.send_signal(signal.SIGINT)
            said = self.end(running, 130)
        self.assertGreater(said["requests"], 0)
        self.assertLess(said["seconds"], 500)

    def test_an_interrupt_of_a_server_that_hangs(self):
        asked = []
        with ScriptedServer(lambda words, body: asked.append(words) or b"") as server:
            running = self.start(server.address, "--keys", 100)
            wait_until(lambda: asked)
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=LIMIT)
        self.assertEqual((running.returncode, out), (130, ""))
        self.assertIn("interrupted before anything was measured", err)

    def test_the_connections_can_be_held(self):
        with memcached() as server:
            running = subprocess.Popen(
                [PROGRAM, "bench", f"127.0.0.1:{server.port}", "--hold", "--connections", "30", "--requests", "100", "--json"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.addCleanup(running.kill)
            json.loads(running.stdout.readline())
            with server.connect() as connection, connection.makefile("rb") as lines:
                connection.sendall(b"stats\r\n")
                open_now = next(int(line.split()[2]) for line in lines if line.startswith(b"STAT curr_connections"))
            self.assertGreaterEqual(open_now, 31)
            running.communicate("")
            self.assertEqual(running.returncode, 0)


class ScriptedQueue:
    """What a queue answers; `twice` and `lost` say which of its messages, counted from 0, come twice or never."""

    def __init__(self, twice=(), lost=()):
        self.twice, self.lost = twice, lost
        self.waiting, self.sets, self.number = [], 0, 0

    def __call__(self, words, body):
        if words[0] == b"set":
            if self.sets not in self.lost:
                self.waiting += [body] * (2 if self.sets in self.twice else 1)
            self.sets += 1
            return b"STORED\r\n"
        if words[0] == b"delete":
            return b"DELETED\r\n"
        if not self.waiting:
            return b"END\r\n"
        self.number += 1
        body = self.waiting.pop(0)
        return b"VALUE %s 0 %d %d\r\n%s\r\nEND\r\n" % (words[1], len(body), self.number, body)


class Queue(BenchCase):
    def test_each_message_counts_once(self):
        with servers.subject() as server:
            address = f"127.0.0.1:{server.port}"
            for words in ([], ["--outstanding", 1], ["--stored", 300], ["--connections", 2, "--value", 5000]):
                key = f"queue/q{len(words)}{words[-1] if words else ''}"
                with self.subTest(words):
                    said = self.figures("queue", address, "--key", key, "--messages", 500, "--pid", server.process.pid, *words)
                    self.assertEqual((said["messages"], said["published"]), (500, 500))
                    self.assertEqual((said["redelivered"], said["missing"], said["earlier"], said["errors"]), (0, 0, 0, 0))
                    self.assertAlmostEqual(said["P_per_s"] * said["seconds"] / 500, 1, places=1)
                    self.assertGreater(said["D_confirm_us"]["mean"], 0)
                    self.assertGreater(said["server_cpu_us"], 0)
                    if "--stored" not in words:
                        self.assertGreater(said["D_delivery_us"]["mean"], 0)
                        self.assertEqual(say(server, f"get {key}\r\n".encode()), b"END\r\n")
            said = self.figures("queue", address, "--key", "queue/q2300", "--messages", 100)
            self.assertEqual((said["messages"], said["earlier"]), (100, 300))

    def test_the_table_for_people(self):
        with servers.subject() as server:
            result = bench("queue", f"127.0.0.1:{server.port}", "--seconds", 0.3)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for name in ("S ", "P ", "D confirm ", "D delivery ", "D settle ", "messages ", "generator "):
            self.assertRegex(result.stdout, rf"(?m)^{name}")
        self.assertIn(" 0 redelivered", result.stdout)

    def test_a_redelivery_is_counted(self):
        with ScriptedServer(ScriptedQueue(twice=(3, 7))) as server:
            said = self.figures("queue", server.address, "--messages", 50)
        self.assertEqual((said["messages"], said["redelivered"], said["missing"]), (50, 2, 0))

    def test_a_message_that_never_comes_is_a_failure(self):
        with ScriptedServer(ScriptedQueue(lost=(3, 7))) as server:
            result = bench("queue", server.address, "--messages", 50, "--patience", 0.3, "--json")
        said = json.loads(result.stdout)
        self.assertEqual((said["messages"], said["missing"]), (48, 2))
        self.expect_refusal(result, "2 messages were confirmed and never came")

    def test_somebody_elses_message_is_left_alone(self):
        for body in (b"hello", b"x" * 100, b"0" * 16 + b"x" * 84, b"y" * 500):
            with servers.subject() as server:
                say(server, b"set queue/bench 0 0 %d\r\n%s\r\n" % (len(body), body))
                self.expect_refusal(bench("queue", f"127.0.0.1:{server.port}", "--messages", 10), "does not fit a ")
                wait_until(lambda: say(server, b"get queue/bench/open\r\n").startswith(b"VALUE "))

    def test_a_key_that_is_no_queue(self):
        with servers.subject() as server:
            result = bench("queue", f"127.0.0.1:{server.port}", "--key", "x", "--messages", 10, "--patience", 0.3)
        self.expect_refusal(result, "is there a queue with this key?")

    def test_a_broken_reply_ends_the_run(self):
        for reply in (b"HUH\r\n", b"x" * 5000, b"STORED\n"):
            with self.subTest(reply[:10]), ScriptedServer(lambda words, body: reply) as server:
                self.expect_refusal(bench("queue", server.address, "--seconds", 60), "does not fit ")

    def test_a_server_that_is_killed_and_comes_back_loses_nothing(self):
        with servers.subject() as server:
            folder = server.folder
            running = self.start("queue", f"127.0.0.1:{server.port}", "--seconds", 3, "--outstanding", 50, "--json")
            wait_until(lambda: figure_of(server, b"bytes_read") > 100_000)
            server.process.kill()
            server.process.wait()
            again = freshet_at(server.port, folder)
            try:
                said = self.end(running)
            finally:
                again.terminate()
                again.wait()
        self.assertGreaterEqual(said["cut_connections"], 20, said)    # one may have been made just before the kill
        self.assertEqual(said["missing"], 0, said)
        self.assertGreater(said["messages"], 0)


if __name__ == "__main__":
    unittest.main()
