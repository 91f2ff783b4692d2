"""A disk that was full and whose syncs failed: what was confirmed is there when the journal is opened again."""
import os
import tempfile
import time
import unittest

import servers
from numbers_file import NumbersFile

ENOUGH = -1
STORED_AGAIN_SECONDS = 30
SYNC = 8    # of the calls in failing_calls.c


class Disk(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory(dir="/var/tmp"))
        self.state = os.path.join(folder, "state")
        self.room = NumbersFile(os.path.join(folder, "room"), "q")
        self.room.set(ENOUGH)
        self.failing = NumbersFile(os.path.join(folder, "failing"), f"{SYNC + 1}i")

    def start(self):
        full, failing = servers.preload("full_disk"), servers.preload("failing_calls")
        environment = {**full, "LD_PRELOAD": f"{full['LD_PRELOAD']}:{failing['LD_PRELOAD']}",
                       "FULL_DISK": self.room.path, "FULL_DISK_FOLDER": self.state, "FAILING_CALLS": self.failing.path}
        server = servers.Server("freshet", lambda port, _: [
            os.environ["FRESHET"], "serve", "--listen", f"127.0.0.1:{port}", "--state", self.state], environment=environment)
        self.addCleanup(server.stop)
        return server

    @staticmethod
    def ask(server, command):
        with server.connect() as connection:
            connection.sendall(command)
            return connection.recv(1_000)

    def publish(self, server):
        return self.ask(server, b"set queue/a 0 0 1\r\nx\r\n")

    def test_a_sync_fails_in_a_journal_that_was_opened_where_there_was_no_room(self):
        server = self.start()
        self.assertEqual(b"STORED\r\n", self.publish(server))
        server.stop()
        server = self.start()
        server.process.kill()   # with an empty log: the next opening finds no room to be counted
        server.process.wait()
        self.room.set(0)
        server = self.start()
        self.assertIn(b"has no room on its disk, not_done", self.publish(server))
        self.room.set(ENOUGH)
        end = time.monotonic() + STORED_AGAIN_SECONDS
        while self.publish(server) != b"STORED\r\n":
            self.assertLess(time.monotonic(), end, "there is room again")
        self.failing.set(*(0 for _ in range(SYNC)), 1_000)
        self.assertIn(b"maybe_done", self.publish(server))
        self.failing.set(*(0 for _ in range(SYNC + 1)))
        server.stop()
        server = self.start()
        for _ in range(2):
            self.assertIn(b"x\r\nEND", self.ask(server, b"get queue/a\r\n"))


if __name__ == "__main__":
    unittest.main()
