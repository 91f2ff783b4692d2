"""memcached servers behind the program: real ones, some of them behind a proxy that cuts, mutes and garbles their answers."""
import os

import servers
from cutting_proxy import CuttingProxy
from freeze import freeze, thaw


def half(answer):
    return answer[:len(answer) // 2]


def garbage(_):
    """Never the beginning of an answer."""
    return b"\xff" + os.urandom(1_000)


class Member:
    """`proxied`: the program speaks to a proxy of it."""

    def __init__(self, proxied):
        self.program = os.environ.get("MEMCACHED_NEW") or servers.memcached_old()
        self.server = None
        self.come_back()
        self.proxy = CuttingProxy(self.server.port) if proxied else None
        self.url = f"memcached://127.0.0.1:{self.proxy.port if proxied else self.server.port}"

    def die(self):
        """What it had is gone with it."""
        self.server.process.kill()
        self.server.stop()

    def come_back(self):
        self.server = servers.Server("memcached", lambda port, folder: [
            self.program, "-u", "root", "-l", "127.0.0.1", "-p", str(port), "-t", "1", "-m", "64"],
            port=self.server and self.server.port)

    def stand_still(self):
        freeze(self.server.process)

    def go_on(self):
        thaw(self.server.process)

    def stop(self):
        self.server.stop()
        if self.proxy:
            self.proxy.close()
