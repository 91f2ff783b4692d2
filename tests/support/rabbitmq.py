"""A RabbitMQ of the test's own, Debian's 3.10, with an epmd of its own: several run side by side."""
import os
import socket
import subprocess
import threading
import unittest

from broker import READY_SECONDS, Broker, end_with_parent, receive, wait_until
from certificates import Certificates
from ports import held_port

PROGRAMS = "/usr/lib/rabbitmq/bin"
EPMD = "/usr/bin/epmd"
NO_EPMD = "-start_epmd false"
USER = PASSWORD = "guest"
CTL_SECONDS = 180
GREETING = b"AMQP\x00\x00\x09\x01"
START_OF_START = b"\x01\x00\x00"    # a method on channel 0, then its size
CONNECTION_START = b"\x00\x0a\x00\x0a"


class RabbitMQ(Broker):
    """Serves when the constructor returns. `config`: more lines of rabbitmq.conf. `tls`: listens on `tls_port`, too, with
    `certificates`; `verify_peer`: only for clients with a certificate of that authority. `peer`: whose cluster it joins; the peer
    stays until this one has stopped."""

    def __init__(self, config="", tls=False, verify_peer=False, peer=None):
        if not os.path.exists(f"{PROGRAMS}/rabbitmq-server"):
            raise unittest.SkipTest("no RabbitMQ is installed: scripts/packages install test")
        super().__init__("RabbitMQ")
        self._ctl_lock = threading.Lock()
        self._epmd = None
        self._node = f"freshet-{os.path.basename(self.folder)}@localhost" if peer else "freshet@localhost"
        try:
            self.port = held_port()
            self._epmd_port = peer._epmd_port if peer else held_port()
            self._distribution_port = held_port()
            self.tls_port = held_port() if tls else None
            self.certificates = Certificates(self.folder) if tls else None
            self._write_files(config, verify_peer, peer)
            if not peer:
                self._start_epmd()
            self.start()
            if peer:
                self._join(peer)
        except BaseException:
            self.stop()
            raise

    @property
    def url(self):
        return f"amqp://{USER}:{PASSWORD}@127.0.0.1:{self.port}/%2F"

    @property
    def tls_url(self):
        return f"amqps://{USER}:{PASSWORD}@127.0.0.1:{self.tls_port}/%2F"

    def ctl(self, *arguments):
        """What rabbitmqctl prints. It is slow, 1 to 2 s: what AMQP can do is better done there."""
        with self._ctl_lock:
            done = subprocess.run([f"{PROGRAMS}/rabbitmqctl", "-q", *arguments], env=self._environment(), cwd=self.folder,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=CTL_SECONDS, preexec_fn=end_with_parent)
        if done.returncode != 0:
            raise RuntimeError(f"rabbitmqctl {' '.join(arguments)}: {done.stdout.strip()}")
        return done.stdout

    def _before_crash(self):
        """A queue that was declared is on disk up to 2 s after it was confirmed; messages are there before."""
        self.ctl("eval", "mnesia:sync_log().")

    def _join(self, peer):
        self.ctl("stop_app")
        self.ctl("join_cluster", peer._node)
        self.ctl("start_app")

    def stop(self):
        super().stop()
        if self._epmd:
            self._epmd.kill()
            self._epmd.wait()
            self._epmd = None

    def cookie(self):
        """What a node of the same cluster has, too."""
        with open(self._path(".erlang.cookie")) as file:
            return file.read()

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _write_files(self, config, verify_peer, peer):
        lines = [f"listeners.tcp.default = 127.0.0.1:{self.port}", "log.console = true", "log.file = false"]
        if self.tls_port:
            lines += [f"listeners.ssl.default = 127.0.0.1:{self.tls_port}",
                      f"ssl_options.cacertfile = {self.certificates.ca}",
                      f"ssl_options.certfile = {self.certificates.server}",
                      f"ssl_options.keyfile = {self.certificates.server_key}",
                      f"ssl_options.verify = {'verify_peer' if verify_peer else 'verify_none'}",
                      f"ssl_options.fail_if_no_peer_cert = {'true' if verify_peer else 'false'}"]
        files = {
            "rabbitmq.conf": "\n".join(lines) + "\n" + config + "\n",
            "no-environment": "",       # in the place of /etc/rabbitmq/rabbitmq-env.conf
            "plugins": "[].\n",
            "inetrc": '{host, {127,0,0,1}, ["localhost"]}.\n{lookup, [file, native]}.\n',   # where /etc/hosts names nobody
            ".erlang.cookie": peer.cookie() if peer else os.urandom(10).hex(),
        }
        for name, text in files.items():
            with open(self._path(name), "w") as file:
                file.write(text)
        os.chmod(self._path(".erlang.cookie"), 0o400)

    def _environment(self):
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL_"))},
            "HOME": self.folder,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_INETRC": self._path("inetrc"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": NO_EPMD,
            "RABBITMQ_CTL_ERL_ARGS": NO_EPMD,
            "RABBITMQ_ALLOW_INPUT": "1",        # the script becomes the broker, in the place of waiting for it
            "RABBITMQ_LOG": "info,-color",
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_CTL_DIST_PORT_MIN": "0",
            "RABBITMQ_CTL_DIST_PORT_MAX": "0",
            "RABBITMQ_CONF_ENV_FILE": self._path("no-environment"),
            "RABBITMQ_CONFIG_FILE": self._path("rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": self._path("plugins"),
            "RABBITMQ_MNESIA_BASE": self._path("data"),
            "RABBITMQ_LOG_BASE": self._path("logs"),
            "RABBITMQ_PID_FILE": self._path("pid"),
        }

    def _arguments(self):
        return [f"{PROGRAMS}/rabbitmq-server", "-noinput"]

    def _start_epmd(self):
        """In the foreground, so that it ends with us; Erlang would leave one behind."""
        self._epmd = self._spawn([EPMD, "-address", "127.0.0.1", "-port", str(self._epmd_port)], self._environment())

        def listens():
            if self._epmd.poll() is not None:
                raise RuntimeError(f"epmd ended with {self._epmd.returncode}; it said: {self.output()}")
            socket.create_connection(("127.0.0.1", self._epmd_port), timeout=10).close()
            return True

        wait_until(listens, READY_SECONDS, lambda: f"epmd does not listen after {READY_SECONDS} s")

    def _answers(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(GREETING)
            header = receive(connection, 7)
            return header.startswith(START_OF_START) and receive(connection, 4) == CONNECTION_START
