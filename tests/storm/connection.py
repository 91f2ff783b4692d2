"""A client's connection: asks, and has the answer or the end."""
import socket
import struct

ANSWER_SECONDS = 30     # a call is answered within its deadlines, or its connection ends
NO_ROOM = b"has no room on its disk, not_done"


class Gone(Exception):
    """The connection has ended; what was asked last may have happened."""


class Connection:
    def __init__(self, address):
        """`address`: a port of this machine, or the path of a socket."""
        self.socket = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        self.socket.settimeout(ANSWER_SECONDS)
        try:
            self.socket.connect(address if isinstance(address, str) else ("127.0.0.1", address))
        except OSError as error:
            raise Gone(str(error))
        self.lines = self.socket.makefile("rb")

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Gone(str(error))

    def line(self):
        try:
            line = self.lines.readline()
        except TimeoutError:
            raise
        except OSError as error:
            raise Gone(str(error))
        if not line.endswith(b"\r\n"):
            raise Gone("it ends")
        return line[:-2]

    def ask(self, command):
        self.send(command + b"\r\n")
        return self.line()

    def get(self, command):
        """(value, CAS) or None, or the line of an error."""
        line = self.ask(command)
        if line == b"END":
            return None
        if not line.startswith(b"VALUE "):
            return line
        words = line.split()
        try:
            body = self.lines.read(int(words[3]) + 2)
        except OSError as error:
            raise Gone(str(error))
        if len(body) != int(words[3]) + 2:
            raise Gone("it ends")
        if self.line() != b"END":
            raise AssertionError(f"no END behind the value of {command!r}")
        return body[:-2], words[4] if len(words) > 4 else None

    def statistics(self, command):
        figures = {}
        self.send(command + b"\r\n")
        while (line := self.line()) != b"END":
            _, name, value = line.split(maxsplit=2)
            figures[name] = value
        return figures

    def leave(self, how=0):
        """0: orderly; 1: with a reset; 2: the half that is said first."""
        try:
            if how == 1:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if how == 2:
                self.socket.shutdown(socket.SHUT_WR)
            self.lines.close()
            self.socket.close()
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.leave()
