#!/usr/bin/python3
"""The work behind HTTP: http_workers.py PORT PROCESSES. Each process serves one connection at a time, and answers at once."""

import ctypes
import os
import signal
import socket
import sys
from http.server import BaseHTTPRequestHandler

PR_SET_PDEATHSIG = 1


class Worker(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16      # one write an answer

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).upper()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(listener):
    while True:
        connection, address = listener.accept()
        with connection:
            try:
                Worker(connection, address, None)
            except OSError:
                pass


def main():
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=64)
    signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))
    os.setpgid(0, 0)
    for _ in range(int(sys.argv[2]) - 1):
        if os.fork() == 0:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            break
    serve(listener)


main()
