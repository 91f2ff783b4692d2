"""Servers that a test starts for itself: on a port of its own, in a folder of its own, ended by pid."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from ports import held_port

READY_SECONDS = 20


class Server:
    """One child process that listens on 127.0.0.1, or on a socket in its folder; use as a context manager or call stop()."""

    def __init__(self, name, make_arguments, on_socket=False, port=None, environment=None):
        self.name = name
        self.behind = []    # servers that end with this one
        self.folder = tempfile.mkdtemp(prefix="freshet-test-", dir="/var/tmp")
        self.port = port or held_port()
        self.path = os.path.join(self.folder, "socket") if on_socket else None
        self.log = open(os.path.join(self.folder, "log"), "wb")
        arguments = make_arguments(self.port, self.folder)
        self.process = subprocess.Popen(arguments, stdout=self.log, stderr=self.log, cwd=self.folder,
                                        env=environment)
        try:
            self._wait_until_ready()
        except Exception:
            self.stop()
            raise

    def _wait_until_ready(self):
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                self.connect().close()
                return
            except OSError:
                time.sleep(0.01)
        raise RuntimeError(f"{self.name} does not listen on {self.path or self.port}; it said: {self.output()}")

    def connect(self):
        if self.path:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(10)
            try:
                connection.connect(self.path)
            except OSError:
                connection.close()
                raise
            return connection
        try:
            connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        except ConnectionRefusedError as refused:
            if self.process.poll() is None:
                raise
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}; it said: {self.output()}") from refused
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def output(self):
        with open(os.path.join(self.folder, "log"), "rb") as log:
            return log.read().decode(errors="replace")[-4000:]

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for server in self.behind:
            server.stop()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


PATIENT = 'timeout = "60s"\n'    # of a pool whose test is not about servers that hang: it runs on busy machines, too

FETCHED = os.path.join(os.path.dirname(__file__), "../../build/tools/memcached-1.6.38/memcached")


def memcached_program():
    program = os.environ.get("MEMCACHED_NEW") or FETCHED
    if not os.path.exists(program):
        raise unittest.SkipTest(f"no memcached 1.6.38 at {program}: scripts/memcached-new fetches it, MEMCACHED_NEW names it")
    return program


def oracle(*options, megabytes=256, on_socket=False, port=None):
    """memcached 1.6.38, whose answers are the specification."""
    return _memcached("oracle", memcached_program(), *options, megabytes=megabytes, on_socket=on_socket, port=port)


def memcached_old():
    """Debian 12's, 1.6.18."""
    return shutil.which("memcached", path=os.environ.get("PATH", "") + ":/usr/bin")


def _memcached(name, program, *options, megabytes=256, on_socket=False, port=None):
    def place(port, folder):
        return ["-s", os.path.join(folder, "socket")] if on_socket else ["-l", "127.0.0.1", "-p", str(port), "-U", "0"]

    # Its background thread holds items now and then, and an item that is held is treated otherwise by arithmetic.
    return Server(name, lambda port, folder: [
        program, "-u", "root", *place(port, folder), "-t", "1", "-m", str(megabytes), "-o", "no_lru_maintainer", *options], on_socket, port)


def _program_under_test():
    program = os.environ.get("FRESHET", "")
    if not os.path.exists(program):
        raise RuntimeError("FRESHET must name the program under test, as build/dev/freshet")
    return program


def subject():
    """The program under test; FRESHET_UNDER_TEST names a memcached to try the tests on."""
    other = os.environ.get("FRESHET_UNDER_TEST")
    if other:
        return _memcached("subject", other)
    program = _program_under_test()
    return Server("freshet", lambda port, folder: [
        program, "serve", "--listen", f"127.0.0.1:{port}", "--state", os.path.join(folder, "state")])


def memcached_of_the_system():
    return _memcached("memcached", memcached_old(), megabytes=256)


def memcached_at(port):
    """Debian 12's, on a port that a server has left."""
    return Server("memcached", lambda _, folder: [
        memcached_old(), "-u", "root", "-l", "127.0.0.1", "-p", str(port), "-t", "1", "-m", "64"], port=port)


def pool(programs, options="", server_options=""):
    """The program under test in front of memcached servers, one for each of the programs; all end with it."""
    behind = [_memcached("memcached", program, *server_options.split()) for program in programs]
    try:
        urls = ", ".join(f'"memcached://127.0.0.1:{server.port}"' for server in behind)
        patient = "" if "timeout" in options.split("[")[0] else PATIENT
        front = freshet(f"[store.main]\nurl = [{urls}]\n{patient}{options}")
    except BaseException:
        for server in behind:
            server.stop()
        raise
    front.behind = behind
    return front


def freshet(config, before=(), environment=None):
    """The program under test with this configuration; `before`: a command that starts it, such as prlimit with its options."""
    def arguments(port, folder):
        path = os.path.join(folder, "freshet.toml")
        with open(path, "w") as file:
            file.write(config)
        return [*before, _program_under_test(), "serve", "-c", path, "--listen", f"127.0.0.1:{port}",
                "--state", os.path.join(folder, "state")]

    return Server("freshet", arguments, environment=environment)


def _library(name):
    return os.path.join(os.environ["FRESHET_BUILD_DIR"], "preload", f"preload-{name}.so")


def has_preload(name):
    return os.path.exists(_library(name))


def preload(name):
    """The environment in which a program runs with this library of tests/preload before its system."""
    options = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"     # which wants to be the first
    return {**os.environ, "LD_PRELOAD": _library(name), "ASAN_OPTIONS": options.lstrip(":")}
