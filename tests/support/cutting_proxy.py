"""Passes bytes on between clients and a server, until it is told to cut a connection at the worst moment, or to mute one."""
import socket
import threading

PIECE = 1 << 16


def nothing(_):
    return b""


class CuttingProxy:
    """On a port of its own from the start; `target` is the server's, and may be set later."""

    def __init__(self, target=None):
        self.target = target
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._armed = threading.Event()
        self._muting = threading.Event()
        self._told_at_cut = self._told_when_mute = nothing
        self._muting_words = b""
        self.was_cut = threading.Event()
        self._parted = threading.Event()
        self._pairs = set()     # that are open
        self.turned_away = 0    # while they were parted
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_at_next_answer(self, told=nothing):
        """The next thing that a client says reaches the server; of the server's answer the client hears what `told` makes of it, and its
        connection is cut. `was_cut` is set then."""
        self.was_cut.clear()
        self._told_at_cut = told
        self._armed.set()

    def mute_who_speaks_next(self, told=nothing):
        """The first client that says something from now on hears no answer any more on that connection but what `told` makes of it."""
        self.mute_who_says(b"", told)

    def mute_who_says(self, words, told=nothing):
        """The same, of the first that says these words."""
        self._muting_words, self._told_when_mute = words, told
        self._muting.set()

    def part(self):
        """All connections end, and new ones end at once, until `join`."""
        self._parted.set()
        for pair in list(self._pairs):
            self._end(*pair)

    def join(self):
        self._parted.clear()

    def disarm(self):
        """Who has not spoken by now is spared."""
        self._armed.clear()
        self._muting.clear()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            self._pairs.add((client, server))
            if self._parted.is_set():
                self.turned_away += 1
                self._end(client, server)
                continue
            asked, mute = threading.Event(), threading.Event()
            threading.Thread(target=self._to_server, args=(client, server, asked, mute), daemon=True).start()
            threading.Thread(target=self._to_client, args=(client, server, asked, mute), daemon=True).start()

    def _to_server(self, client, server, asked, mute):
        try:
            while piece := client.recv(PIECE):
                if self._armed.is_set():
                    asked.set()
                if self._muting.is_set() and self._muting_words in piece:
                    self._muting.clear()
                    mute.set()
                server.sendall(piece)
        except OSError:
            pass
        self._end(client, server)

    def _to_client(self, client, server, asked, mute):
        try:
            while piece := server.recv(PIECE):
                if asked.is_set() and self._armed.is_set():
                    self._armed.clear()
                    client.sendall(self._told_at_cut(piece))
                    self._end(client, server)
                    self.was_cut.set()
                    return
                client.sendall(self._told_when_mute(piece) if mute.is_set() else piece)
        except OSError:
            pass
        self._end(client, server)

    def _end(self, *pair):
        self._pairs.discard(pair)
        for one in pair:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
