"""A server that says what a test tells it to: one thread a connection, a function from command lines to replies."""
import socket
import threading
import time


class ScriptedServer:
    """`answer(line, body)` is called for each command, one at a time; it gives the bytes of the reply, b"" for none, or
    None to cut the connection."""

    def __init__(self, answer):
        self._answer = answer
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with connection, connection.makefile("rb") as lines:
            try:
                for line in lines:
                    words = line.split()
                    body = lines.read(int(words[-1]) + 2)[:-2] if words[0] in (b"set", b"ms") else b""
                    with self._lock:
                        reply = self._answer(words, body)
                    if reply is None:
                        return
                    connection.sendall(reply)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not come to pass")
        time.sleep(0.01)
