"""A worker of http flows that does its work badly: it is late, cuts, says that it cannot, and refuses what is to be refused."""
import http.server
import random as chances
import socket
import threading
import time

REFUSED = b"!"      # what a task begins with that is refused for good
LATE_SECONDS = 1.2  # more than the flow's timeout


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A connection that ends, in one way or the other."""


class Worker:
    """`seen`: the tasks that it was given."""

    def __init__(self, random):
        self.seen = set()
        self.random = chances.Random(random.random())
        self.server = Server(("127.0.0.1", 0), self._handler())
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _handler(worker):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                size = int(self.headers["Content-Length"])
                body = self.rfile.read(size)
                if len(body) == size:
                    worker.seen.add(body)
                    worker.answer(self, body)

            def log_message(self, *_):
                pass

        return Handler

    def answer(self, to, body):
        chance = self.random.random()
        if chance < 0.03:
            time.sleep(LATE_SECONDS)
        if chance < 0.1:
            to.close_connection = True
            to.connection.shutdown(socket.SHUT_RDWR)
        elif chance < 0.2:
            self._say(to, 503, b"not now", {"Retry-After": "0"})
        elif body.startswith(REFUSED):
            self._say(to, 404, b"never")
        else:
            self._say(to, 200, body)

    @staticmethod
    def _say(to, status, body, header=()):
        to.send_response(status)
        for name, value in {**dict(header), "Content-Length": len(body)}.items():
            to.send_header(name, str(value))
        to.end_headers()
        to.wfile.write(body)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
