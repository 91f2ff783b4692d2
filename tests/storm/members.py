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
    """`kind`: what the program speaks to, its port, its socket (`folder`/`name`), or a proxy of it."""

    def __init__(self, folder, name, kind):
        self.program = os.environ.get("MEMCACHED_NEW") or servers.memcached_old()
        self.link = os.path.join(folder, name) if kind == "socket" else None
        self.server = None
        self.come_back()
        self.proxy = CuttingProxy(self.server.port) if kind == "proxy" else None
        self.url = f"unix:{self.link}" if self.link else f"memcached://127.0.0.1:{self.proxy.port if self.proxy else self.server.port}"

    def die(self):
        """What it had is gone with it."""
        self.server.process.kill()
        self.server.stop()

    def come_back(self):
        self.server = servers.Server("memcached", self._arguments, on_socket=self.link is not None,
                                     port=self.server and self.server.port)
        if self.link:
            if os.path.lexists(self.link):
                os.unlink(self.link)
            os.symlink(self.server.path, self.link)

    def _arguments(self, port, folder):
        place = ["-s", os.path.join(folder, "socket")] if self.link else ["-l", "127.0.0.1", "-p", str(port)]
        return [self.program, "-u", "root", *place, "-t", "1", "-m", "64"]

    def stand_still(self):
        freeze(self.server.process)

    def go_on(self):
        thaw(self.server.process)

    def stop(self):
        self.server.stop()
        if self.proxy:
            self.proxy.close()
