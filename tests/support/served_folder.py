"""A server that is asked by the program's own commands, beside it and without it: its folder, its file, and itself."""
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

PROGRAM = os.environ["FRESHET"]


class ServedFolder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="freshet-", dir="/var/tmp")  # a disk: journals refuse tmpfs
        self.addCleanup(shutil.rmtree, self.folder)
        self.file = os.path.join(self.folder, "freshet.toml")
        self.server = None

    def configure(self, text):
        with open(self.file, "w") as to:
            to.write(text)

    def start(self):
        """It listens on the socket `sock` of its folder, as its file says."""
        self.server = subprocess.Popen(
            [PROGRAM, "serve", "-c", self.file, "--state", self.folder + "/state"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.addCleanup(self.stop)
        self.assertIn("sock", self.server.stdout.readline())

    def stop(self):
        if self.server is None:
            return
        self.server.send_signal(signal.SIGTERM)
        self.log = self.server.communicate(timeout=30)[1]
        status, self.server = self.server.returncode, None
        self.assertEqual(status, 0, self.log)
