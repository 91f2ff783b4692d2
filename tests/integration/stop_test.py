"""A stop comes to its end, whatever stands still."""
import os
import tempfile
import time
import unittest

import servers

CONFIG = """
[server]
stop_timeout = "1s"
[store.main]
[[route]]
prefix = ""
store = "main"
[[route]]
prefix = "queue/"
queue = "*"
"""


class Stop(unittest.TestCase):
    def test_a_disk_that_does_not_answer(self):
        stands_still = os.path.join(self.enterContext(tempfile.TemporaryDirectory()), "stands-still")
        server = self.enterContext(servers.freshet(CONFIG, environment={
            **servers.preload("slow_sync"), "SLOW_SYNC": stands_still}))
        client = self.enterContext(server.connect())
        client.sendall(b"set queue/a 0 0 1\r\nx\r\n")
        self.assertEqual(b"STORED\r\n", client.recv(100))
        with open(stands_still, "w"):
            pass
        client.sendall(b"set queue/a 0 0 1\r\nx\r\n")
        begin = time.monotonic()
        server.process.terminate()
        self.assertEqual(1, server.process.wait(60))
        self.assertGreater(time.monotonic() - begin, 1)
        self.assertIn("the stop has not come to its end in stop_timeout", server.output())


if __name__ == "__main__":
    unittest.main()
