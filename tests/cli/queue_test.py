"""freshet queue drop, beside a running server and without one, and queues that go by themselves."""
import socket
import subprocess
import time
import unittest

from served_folder import PROGRAM, ServedFolder


class Queue(ServedFolder):
    def serve(self, options=""):
        self.configure(
            f"""
[server]
listen = "unix:{self.folder}/sock"
{options}
[queue.thumbs]
[queue.far]
url = "amqp://127.0.0.1:9"
later = "journal:"
[[route]]
prefix = "queue/"
queue = "*"
"""
        )
        self.start()

    def ask(self, *commands):
        """What is answered to them, up to the VERSION of a last one."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(30)
            s.connect(self.folder + "/sock")
            s.sendall("".join(c + "\r\n" for c in (*commands, "version")).encode())
            answer = b""
            while b"VERSION" not in answer:
                answer += s.recv(65536)
        return answer.decode().partition("VERSION")[0]

    def set(self, name):
        return self.ask(f"set queue/{name} 0 0 1", "x")

    def queues(self):
        return {line.split()[1].rpartition(":")[0] for line in self.ask("stats queues").splitlines() if ":ready" in line}

    def drop(self, *arguments, status=0, with_file=True):
        result = subprocess.run(
            [PROGRAM, "queue", "drop", *arguments, "--state", self.folder + "/state", *(["-c", self.file] if with_file else [])],
            capture_output=True, text=True, timeout=60,
        )
        self.assertEqual(result.returncode, status, result)
        self.assertEqual(result.stdout if status else result.stderr, "")
        return result.stderr if status else result.stdout

    def test_drop_beside_a_server_and_without_one(self):
        self.serve()
        for name in ("full", "empty", "left"):
            self.assertEqual(self.set(name), "STORED\r\n")
        self.assertIn("x", self.ask("get queue/empty"))
        self.assertEqual(self.drop("empty"), "the queue 'empty' is dropped: 0 ready, 0 leased, 0 delayed, 0 dead\n")
        self.assertEqual(self.drop("empty", status=1), "freshet: there is no queue 'empty'; there are: far/later, full, left, thumbs\n")
        refused = self.drop("full", status=1)
        self.assertEqual(refused, "freshet: the queue 'full' is not empty: 1 ready, 0 leased, 0 delayed, 0 dead; --force drops it with all that\n")
        self.assertEqual(self.drop("full", "--force"), "the queue 'full' is dropped: 1 ready, 0 leased, 0 delayed, 0 dead\n")
        self.assertEqual(self.queues(), {"thumbs", "far", "left"})
        self.assertEqual(self.ask("get queue/full"), "END\r\n")
        self.assertEqual(self.set("full"), "STORED\r\n")
        self.assertEqual(self.ask("add queue/left#once 0 0 1", "y"), "STORED\r\n")
        self.assertEqual(self.ask("get queue/left", "get queue/left").count("VALUE"), 2)
        self.assertIn("0 ready, 0 leased, 0 delayed, 0 dead, and ids that add remembers; --force", self.drop("left", status=1))
        for name in ("thumbs", "far", "far/later"):
            said = f"freshet: the queue '{name}' is named in the configuration, and stays\n"
            self.assertEqual(self.drop(name, "--force", status=1), said)
            if name != "far":  # which no journal has
                self.assertEqual(self.drop(name, "--force", status=1, with_file=False), said)
        self.stop()

        self.assertEqual(self.drop("thumbs", status=1), "freshet: the queue 'thumbs' is named in the configuration, and stays\n")
        self.assertIn("is not empty", self.drop("full", status=1))
        self.assertIn("is dropped: 1 ready", self.drop("full", "--force"))
        self.assertIn("there is no queue 'full'; there are: left", self.drop("full", status=1))
        self.serve()
        self.assertEqual(self.queues(), {"thumbs", "far", "left"})

    def test_without_a_journal_there_is_none(self):
        said = self.drop("a", status=1, with_file=False)
        self.assertEqual(said, f"freshet: there is no queue 'a': there is no journal in {self.folder}/state\n")

    def test_many_names_are_not_all_told(self):
        self.serve()
        for i in range(30):
            self.set(f"q{i:02}")
        said = self.drop("nothing", status=1)
        self.assertIn("there are: far/later, q00, q01,", said)
        self.assertIn("q18 and 12 more\n", said)

    def test_idle_ones_make_room_for_others(self):
        self.serve('queues_max = 3\nqueue_idle = "500ms"')
        for name in ("a", "b", "c"):
            self.assertEqual(self.set(name), "STORED\r\n")
        refused = self.set("d")
        self.assertEqual(
            refused,
            "SERVER_ERROR queues_max = 3 is reached: a new queue cannot be made; an empty one goes after queue_idle "
            "without use, or by freshet queue drop NAME, not_done\r\n",
        )
        number = self.ask("gets queue/a/open").split()[4]
        self.assertEqual(self.ask(f"delete queue/a/{number}"), "DELETED\r\n")
        end = time.monotonic() + 30
        while self.set("d") == refused:
            self.assertLess(time.monotonic(), end)
        self.assertEqual(self.queues(), {"thumbs", "far", "b", "c", "d"})
        self.ask("get queue/b")
        while self.set("a") == refused:
            self.assertLess(time.monotonic(), end)
        new = self.ask("gets queue/a/open").split()[4]
        self.assertGreater(int(new), int(number))
        self.assertEqual(self.ask(f"delete queue/a/{number}"), "NOT_FOUND\r\n")
        self.assertEqual(self.ask(f"delete queue/a/{new}"), "DELETED\r\n")


if __name__ == "__main__":
    unittest.main()
