"""freshet demo: its three scenarios on this machine's package database, as people and as programs see them."""
import json
import os
import signal
import subprocess
import time
import unittest

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
