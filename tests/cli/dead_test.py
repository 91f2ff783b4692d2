"""freshet dead, beside a running server and without one."""
import json
import os
import signal
import socket
import stat
import subprocess
import time
import unittest

from freeze import freeze
from served_folder import PROGRAM, ServedFolder


class Dead(ServedFolder):
    def setUp(self):
        super().setUp()
        self.configure(
            f"""
[server]
listen = "unix:{self.folder}/sock"
allow_exec = true
[queue.thumbs]
max_attempts = 1
[queue."other.file"]
url = "journal:other.db"
max_attempts = 1
[[flow]]
from = "thumbs"
call = {{ exec = ["/bin/sh", "-c", "echo no such picture >&2; exit 1"] }}
[[flow]]
from = "other.file"
call = {{ exec = ["/bin/false"] }}
"""
        )

    def publish(self, key, value):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.folder + "/sock")
            s.sendall(b"set %s 0 0 %d\r\n%s\r\n" % (key, len(value), value))
            self.assertEqual(s.recv(100), b"STORED\r\n")

    def dead(self, *arguments, status=0, errors=False):
        result = subprocess.run(
            [PROGRAM, "dead", *arguments, "-c", self.file, "--state", self.folder + "/state"], capture_output=True, text=True, timeout=60
        )
        self.assertEqual(result.returncode, status, result)
        return result.stderr if status or errors else result.stdout

    def letters(self, count, *arguments):
        end = time.monotonic() + 30
        while True:
            said = json.loads(self.dead("list", *arguments, "--json"))
            if said["count"] == count or time.monotonic() > end:
                self.assertEqual(said["count"], count)
                return said["letters"]
            time.sleep(0.05)

    def test_from_a_failed_call_to_replay_and_drop(self):
        self.assertEqual(self.dead("list"), f"no dead letters: there is no journal in {self.folder}/state\n")
        self.assertFalse(os.path.exists(self.folder + "/state/journal.db"))

        self.start()
        control = os.stat(self.folder + "/state/control")
        self.assertTrue(stat.S_ISSOCK(control.st_mode))
        self.assertEqual(stat.S_IMODE(control.st_mode), 0o600)
        self.assertEqual(self.dead("list"), "no dead letters\n")
        self.publish(b"queue/thumbs#one", b"first\r\n\x1b[31m")
        self.publish(b"queue/thumbs#two", b"second")
        one, two = sorted(self.letters(2, "thumbs"), key=lambda l: l["number"])
        self.assertEqual((one["queue"], one["id"], one["start"], one["bytes"]), ("thumbs", "one", "first\r\n\x1b[31m", 12))
        self.assertIn("no such picture", one["reason"])

        table = self.dead("list", "thumbs")
        self.assertEqual(table.count("\n"), 3, table)
        self.assertIn("'first\\r\\n\\x1b[31m'", table)
        self.assertIn("1 of 2; --max shows more\n", self.dead("list", "--max", "1"))

        # a queue of the file is found by its name wherever it is kept
        self.publish(b"queue/other.file#three", b"third")
        self.assertEqual(self.letters(1, "other.file")[0]["id"], "three")
        self.assertEqual(self.dead("drop", "other.file"), "1 message dropped\n")

        # published again, the flow fails again: a dead letter with a new number
        self.assertEqual(self.dead("replay", "thumbs", str(one["number"])), "1 message published again\n")
        numbers = {l["number"] for l in self.letters(2, "thumbs")}
        self.assertIn(two["number"], numbers)
        self.assertEqual(self.dead("drop", "thumbs", str(two["number"])), "1 message dropped\n")
        self.assertIn("is no dead letter of thumbs", self.dead("drop", "thumbs", str(two["number"]), status=1))
        self.assertIn("there is no queue 'thumb'", self.dead("drop", "thumb", status=1))
        self.stop()
        self.assertFalse(os.path.exists(self.folder + "/state/control"))

        # without a server the program opens the journals itself
        left = self.letters(1)
        self.assertEqual([l["id"] for l in left], ["one"])
        self.assertIn("there is no queue 'thumb'", self.dead("list", "thumb", status=1))
        self.assertEqual(self.dead("drop", "--all"), "1 message dropped\n")
        self.assertEqual(self.dead("list"), "no dead letters\n")

    def test_those_on_a_broker_are_said_to_be_there(self):
        with open(self.file, "a") as to:
            to.write('[queue.far]\nurl = "amqp://nowhere.example"\n')
        self.assertIn("the dead letters of the queue 'far' are on its broker, in the queue of that name with .dead",
                      self.dead("list", "far", status=2))

    def test_what_waits_in_an_outbox_is_said(self):
        with open(self.file, "a") as to:
            to.write('[queue.far]\nurl = "amqp://127.0.0.1:9"\noutbox = "journal:box.db"\n[[route]]\nprefix = "far"\nqueue = "far"\n')
        self.start()
        self.assertEqual(self.dead("list", "far"), "no dead letters\n")
        self.assertIn("the dead letters of the queue 'far' are on its broker, in the queue", self.dead("list", "far", errors=True))
        for body in (b"a", b"b"):
            self.publish(b"far", body)
        waits = r"^no dead letters\nfar/outbox: 2 wait for the broker, the oldest since 20..-..-..T..:..:..Z\n$"
        self.assertRegex(self.dead("list", "far"), waits)
        self.assertRegex(self.dead("list"), waits)
        self.stop()
        self.assertIn("far/outbox: 2 wait for the broker", self.dead("list", "far"))
        said, = json.loads(self.dead("list", "--json"))["outboxes"]
        self.assertEqual((said["queue"], said["length"]), ("far/outbox", 2))

    def test_a_socket_left_by_a_crash_is_in_nobody_s_way(self):
        self.start()
        self.server.kill()
        self.server.communicate()
        self.server = None
        self.assertTrue(os.path.exists(self.folder + "/state/control"))
        self.assertEqual(self.dead("list"), "no dead letters\n")
        self.start()
        self.assertEqual(self.dead("list"), "no dead letters\n")

    def ask_while_it_stands_still(self):
        """A `freshet dead` that has asked a server which SIGSTOP holds."""
        self.addCleanup(self.server.send_signal, signal.SIGCONT)
        freeze(self.server)
        asking = subprocess.Popen(
            [PROGRAM, "dead", "list", "-c", self.file, "--state", self.folder + "/state"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        self.addCleanup(asking.communicate)
        self.addCleanup(asking.kill)

        def ends():
            with open("/proc/net/unix") as sockets:
                return sockets.read().count(self.folder + "/state/control\n")

        end = time.monotonic() + 30
        while ends() < 2:  # the one that listens, and the server's end of the connection, which is there before it is accepted
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
        self.assertIsNone(asking.poll())
        return asking

    def test_a_server_that_stands_still_is_waited_for(self):
        self.start()
        asking = self.ask_while_it_stands_still()
        self.server.send_signal(signal.SIGCONT)
        self.assertEqual(asking.communicate(timeout=30), ("no dead letters\n", ""))
        self.assertEqual(asking.returncode, 0)

    def test_a_server_that_dies_before_it_has_answered_is_said_to_have_gone(self):
        self.start()
        asking = self.ask_while_it_stands_still()
        self.server.kill()
        self.server.communicate()
        self.server = None
        said = asking.communicate(timeout=30)
        self.assertEqual(said, ("", "freshet: the server went away before it had answered, maybe_done; ask again\n"))
        self.assertEqual(asking.returncode, 1)

    def test_the_socket_survives_what_is_no_request(self):
        self.start()

        def ask(data):
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(30)
                s.connect(self.folder + "/state/control")
                try:
                    s.sendall(data)
                    s.shutdown(socket.SHUT_WR)
                    return s.recv(1000)
                except OSError:
                    return b""

        self.assertTrue(ask(b"get a\r\n").startswith(b"failed "))
        self.assertTrue(ask(b"list * 1 text 18446744073709551616\n").startswith(b"failed "))
        self.assertEqual(ask(b""), b"")
        self.assertEqual(ask(b"list * 1 text"), b"")
        self.assertEqual(ask(b"x" * (2 << 20)), b"")
        idle = [socket.socket(socket.AF_UNIX) for _ in range(40)]
        for s in idle:
            s.connect(self.folder + "/state/control")
        for s in idle:
            s.close()
        self.assertEqual(self.dead("list"), "no dead letters\n")
        waiting = socket.socket(socket.AF_UNIX)
        waiting.connect(self.folder + "/state/control")
        begin = time.monotonic()
        self.stop()  # a connection that says nothing does not hold it up
        self.assertLess(time.monotonic() - begin, 8)
        waiting.close()

    def test_a_second_server_does_not_take_the_socket(self):
        self.start()
        second = subprocess.run(
            [PROGRAM, "serve", "--listen", "127.0.0.1:0", "--state", self.folder + "/state"], capture_output=True, text=True, timeout=60
        )
        self.assertEqual(second.returncode, 1, second)
        self.assertEqual(second.stderr.count("\n"), 1, second.stderr)
        self.assertEqual(self.dead("list"), "no dead letters\n")


if __name__ == "__main__":
    unittest.main()
