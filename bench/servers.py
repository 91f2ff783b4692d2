"""Servers of a measurement: started on a free port of loopback, pinned to one core until they are moved, ended by pid
whatever happens."""

import ctypes
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

START_LIMIT_S = 30
STOP_LIMIT_S = 15

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


class CannotRun(Exception):
    """A sentence: why a figure could not be measured."""


def every_core():
    return sorted(os.sched_getaffinity(0))


def two_cores():
    cores = every_core()
    if len(cores) < 2:
        raise CannotRun("measuring needs two cores: one for the server, one for the generator")
    return cores[:2]


def pinned(*cores):
    """What a child does before it becomes the program: its cores, its files, its end with ours."""

    def prepare():
        os.sched_setaffinity(0, cores)
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    return prepare


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(name):
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/bin:/usr/sbin:/sbin")
    if not found and "/" in name:
        raise CannotRun(f"{name} is not there: build the release preset first")
    if not found:
        raise CannotRun(f"{name} is not installed: apt-get install {name}")
    return found


PLACES = ("pinned", "free")     # a core each for the server and what asks it; or all, as users have it


def place(where, server, *others):
    """Moves the server, and the others to where the generator is; gives back the generator's cores."""
    first, second = two_cores()
    mine, rest = ([first], [second]) if where == "pinned" else (every_core(), every_core())
    server.move(*mine)
    for other in others:
        other.move(*rest)
    return rest


class Folder:
    """A temporary folder on a disk: /tmp may be memory, where a sync costs nothing."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="freshet-bench-", dir="/var/tmp"))
        self.path.chmod(0o755)

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


class Server:
    """`command` is a function of the port and of the server's folder."""

    def __init__(self, name, command, environment=None):
        self.name = name
        self.folder = Folder()
        self.log = self.folder.path / "log"
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.process = None
        try:
            self._start(command, environment or {})
            self._wait_for_port()
        except BaseException:
            self.stop()
            raise

    def _start(self, command, environment):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command(self.port, self.folder.path),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **environment},
                preexec_fn=pinned(two_cores()[0]),
            )

    @property
    def pid(self):
        return self.process.pid

    def _wait_for_port(self):
        end = time.monotonic() + START_LIMIT_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                said = self.log.read_text(errors="replace").strip().splitlines()
                raise CannotRun(f"{self.name} ended at once: {said[-1] if said else 'it said nothing'}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise CannotRun(f"{self.name} did not listen within {START_LIMIT_S} s")

    def move(self, *cores):
        """To other cores, all its threads."""
        for thread in os.listdir(f"/proc/{self.pid}/task"):
            os.sched_setaffinity(int(thread), cores)

    def memory_bytes(self, field="VmRSS"):
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
        raise CannotRun(f"/proc has no {field} of {self.name}")

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder.path, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def memcached(megabytes=1024, connections=2048, environment=None, binary="memcached"):
    user = ["-u", "nobody"] if os.geteuid() == 0 else []

    def command(port, _):
        return [program(binary), *user, "-l", "127.0.0.1", "-p", str(port), "-t", "1"] + [
            "-m", str(megabytes), "-c", str(connections)]

    return Server("memcached", command, environment)


def beanstalkd(environment=None):
    def command(port, folder):
        return [program("beanstalkd"), "-l", "127.0.0.1", "-p", str(port), "-b", str(folder), "-f0"]

    return Server("beanstalkd", command, environment)


STREAM, STREAM_GROUP = "queue/bench", "workers"     # the key of `freshet bench queue`, the group of redis_load.cpp


def redis(environment=None):
    """As a cache: nothing is kept."""
    return redis_server(environment, "--save", "", "--appendonly", "no")


def redis_stream(environment=None):
    """A stream that syncs what it was told before it answers, with a group for those who read it."""
    server = redis_server(environment, "--save", "", "--appendonly", "yes", "--appendfsync", "always")
    made = subprocess.run(
        [program("redis-cli"), "-p", str(server.port), "XGROUP", "CREATE", STREAM, STREAM_GROUP, "$", "MKSTREAM"],
        capture_output=True, text=True)
    if made.stdout.strip() != "OK":
        server.stop()
        raise CannotRun(f"redis-cli: {(made.stdout or made.stderr).strip()}")
    return server


def redis_server(environment, *options):
    def command(port, folder):
        return [program("redis-server"), "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), *options]

    return Server("redis", command, environment)


FRESHET_CONFIG = """[server]
threads = 1
connections_max = {connections}
[store.main]
url = "memory:"
size = "{size}"
[[route]]
prefix = ""
store = "main"
"""


def freshet(binary, size=None, connections=2048, environment=None):
    """With a size: one memory store of that many bytes. Without: as it is when no file is given."""

    def command(port, folder):
        words = [program(str(binary)), "serve", "--listen", f"127.0.0.1:{port}", "--state", str(folder / "state")]
        if size is not None:
            config = folder / "freshet.toml"
            config.write_text(FRESHET_CONFIG.format(connections=connections, size=size))
            words += ["-c", str(config)]
        return words

    return Server("freshet", command, environment)
