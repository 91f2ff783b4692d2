"""The programs here that are written against libmemcached: tests/integration/libmemcached_*.c says what they do."""
import os
import re
import shutil
import subprocess
import unittest

MEMCCAPABLE = shutil.which("memccapable")
TEXT_TESTS = 27         # as many has memccapable for the text protocol


def _run(program, *arguments, keys=()):
    path = os.path.join(os.environ["FRESHET_BUILD_DIR"], "tests", program)
    done = subprocess.run([path, *arguments], input=b"".join(key + b"\n" for key in keys), capture_output=True, timeout=120)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def run_application(port):
    """What the application found wrong; nothing if all is well."""
    status, _, errors = _run("libmemcached_app", f"127.0.0.1:{port}")
    return errors if status == 0 else errors or f"it ended with {status}"


def text_protocol_faults(port):
    """What memccapable says, unless everything passes."""
    if not MEMCCAPABLE:
        raise unittest.SkipTest("memccapable (libmemcached-tools) is not installed")
    arguments = [MEMCCAPABLE, "-a", "-h", "127.0.0.1", "-p", str(port)]
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    passed = re.findall(r"^ascii .*\[pass\]", done.stdout, re.MULTILINE)
    return "" if (done.returncode, len(passed)) == (0, TEXT_TESTS) else done.stdout or f"it ended with {done.returncode}"


class Pool:
    """How libmemcached sees a pool: "ketama" or "modula", and servers as HOST:PORT:WEIGHT or /SOCKET:WEIGHT."""

    def __init__(self, kind, servers):
        self.kind = kind
        self.servers = servers

    def _ask(self, verb, keys):
        status, output, errors = _run("libmemcached_pool", verb, self.kind, *self.servers, keys=keys)
        if status != 0:
            raise AssertionError(f"libmemcached_pool {verb}: {errors or status}")
        return output

    def place(self, keys):
        """Each key's server, counted from 0."""
        return [int(line) for line in self._ask("place", keys).split()]

    def write(self, keys):
        self._ask("write", keys)

    def read(self, keys):
        """How many had the value that belongs to them, another, and none."""
        found = re.fullmatch(r"(\d+) right, (\d+) wrong, (\d+) missing\n", self._ask("read", keys))
        return tuple(int(number) for number in found.groups())


def item_of(key):
    """The flags and the value that libmemcached_pool writes for a key."""
    return len(key), key + b"=" + key[len(key) % 7:][::-1]
