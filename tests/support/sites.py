"""Sites that tell one another what is written: each a Freshet with a store of its own, and a queue of changes."""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from ports import held_port
from servers import PATIENT

# A queue of tasks and its worker, which says again what it was told, and fails at "fail".
TASKS = """
[server]
allow_exec = true
[queue.tasks]
url = "journal:"
max_attempts = 1
[[route]]
prefix = "task"
queue = "tasks"
[[flow]]
from = "tasks"
call = { exec = ["/bin/sh", "-c", "read body; echo $body; test $body != fail"] }
into = "main"
"""
BROKEN = b"ERROR /bin/sh ended with exit status 1 (attempt 1 of 1)"
PATIENCE = 120   # seconds for what a busy machine does late
STOP_SECONDS = 60


def until(answer, seconds=PATIENCE):
    """Asks until the answer is true, and returns it."""
    deadline = time.monotonic() + seconds
    while not (last := answer()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not in {seconds} s; last came {last!r}")
        time.sleep(0.01)
    return last


class Site:
    """One process. `changes`: the lines of [queue.changes]. `servers`: memcached servers; none: a store in memory. `pool`: more lines for
    them. `environment`: variables beside the test's own."""

    def __init__(self, name, node, changes, servers=(), more="", tombstone="10m", environment=None, pool=PATIENT, confirm_within="60s"):
        self.name = name
        self.environment = {**os.environ, **(environment or {})}
        self.folder = tempfile.mkdtemp(prefix="freshet-site-", dir="/var/tmp")
        self.keeps_folder = False   # of a test that failed
        self.port = held_port()
        self.process = None
        urls = ", ".join(f'"memcached://127.0.0.1:{server.port}"' for server in servers)
        store = f"url = [{urls}]\nexclusive = true\n{pool}" if servers else 'url = "memory:"\n'
        with open(os.path.join(self.folder, "freshet.toml"), "w") as file:
            file.write(f'[site]\nname = "{name}"\nnode = {node}\ntombstone = "{tombstone}"\n[store.main]\n{store}'
                       f'[queue.changes]\nconfirm_within = "{confirm_within}"\n{changes}'
                       '[[route]]\nprefix = ""\nstore = "main"\npublish = "changes"\n'
                       f'[[flow]]\nfrom = "changes"\napply = "main"\n{more}')
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def start(self):
        self.log = open(os.path.join(self.folder, "log"), "ab")
        self.process = subprocess.Popen(
            [os.environ["FRESHET"], "serve", "-c", "freshet.toml", "--listen", f"127.0.0.1:{self.port}", "--state", "state"],
            cwd=self.folder, stdout=self.log, stderr=self.log, env=self.environment)
        until(self._listens)

    def _listens(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}: {self.output()}")
        try:
            self.connect().close()
            return True
        except OSError:
            return False

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def output(self):
        with open(os.path.join(self.folder, "log"), "rb") as log:
            return log.read().decode(errors="replace")[-4000:]

    def kill(self):
        self._end(signal.SIGKILL)

    def terminate(self):
        self._end(signal.SIGTERM)

    def stop(self):
        try:
            if self.process is not None:
                self.terminate()
        finally:
            if not self.keeps_folder:
                shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, how):
        """Not by itself, nor in another way than it is asked for."""
        process, self.process = self.process, None
        process.send_signal(how)
        try:
            status = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            status = f"nothing in {STOP_SECONDS} s ({process.wait()})"
        self.log.close()
        if status != (-signal.SIGKILL if how == signal.SIGKILL else 0):
            raise RuntimeError(f"{self.name} ended with {status}: {self.output()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Client:
    def __init__(self, site):
        self.socket = site.connect()
        self.input = self.socket.makefile("rb")

    def ask(self, command):
        self.socket.sendall(command + b"\r\n")
        return self.line()

    def line(self):
        line = self.input.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError(f"the connection ended behind {line!r}")
        return line[:-2].decode()

    def set(self, key, value, how="set"):
        return self.ask(b"%s %s 0 0 %d\r\n%s" % (how.encode(), key.encode(), len(value), value))

    def delete(self, key):
        return self.ask(b"delete " + key.encode())

    def get(self, key):
        """The value; None: a miss."""
        line = self.ask(b"get " + key.encode())
        if line == "END":
            return None
        if not line.startswith("VALUE "):
            raise RuntimeError(line)
        value = self.input.read(int(line.split()[3]) + 2)[:-2]
        self.line()
        return value

    def gets(self, key):
        """The value and what `cas` is told; None: a miss."""
        line = self.ask(b"gets " + key.encode())
        if not line.startswith("VALUE "):
            return None
        value = self.input.read(int(line.split()[3]) + 2)[:-2]
        self.line()
        return value, line.split()[4].encode()

    def figure(self, name):
        """One of `stats queues`; 0: it is not told."""
        self.socket.sendall(b"stats queues\r\n")
        told = dict(line.split()[1:] for line in iter(self.line, "END"))
        return int(told.get(name, 0))

    def version_ms(self, key):
        """Milliseconds since 1970, of the key's version."""
        return int(self.ask(b"mg %s c" % key.encode()).removeprefix("HD c")) >> 20

    def close(self):
        self.input.close()
        self.socket.close()


def contents(site, keys):
    with contextlib.closing(Client(site)) as client:
        return {key: client.get(key) for key in keys}


class Load:
    """Clients that write at a site until it is stopped; sites may be killed meanwhile. `write(client, random)` returns nothing."""

    def __init__(self, site, clients, write):
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(site, number, write)) for number in range(clients)]
        self.trouble = []
        for thread in self.threads:
            thread.start()

    def _run(self, site, number, write):
        while not self.ended.is_set():
            try:
                with contextlib.closing(Client(site)) as client:
                    while not self.ended.is_set():
                        write(client, number)
            except ConnectionError:     # it was killed
                self.ended.wait(0.01)
            except Exception as e:
                self.trouble.append(e)
                return

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()
        if self.trouble:
            raise self.trouble[0]
