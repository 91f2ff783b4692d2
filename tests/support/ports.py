"""Ports of the loopback for the servers of a test."""
import socket

_held = []      # as long as this process lives


def held_port():
    """A port that nobody else gets while this process lives, not even for a connection of theirs. A server may listen on it, as
    servers set SO_REUSEADDR; while none does, connections are refused."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    _held.append(holder)
    return holder.getsockname()[1]
