"""Proxies in front of a pool of memcached servers, each with one thread."""

import contextlib
import os
from types import SimpleNamespace

from servers import CannotRun, Server, every_core, free_port, memcached, program, two_cores
from table import not_measured

SERVER_CONNECTIONS = 4096

FRESHET_CONFIG = """[server]
threads = 1
connections_max = {connections}
[store.main]
url = [{servers}]
backoff = "100ms..1s"
[[route]]
prefix = ""
store = "main"
"""

# Its defaults, but for the queue of new connections: 10,000 come at once.
NUTCRACKER_CONFIG = """bench:
  listen: 127.0.0.1:{port}
  hash: fnv1a_64
  distribution: ketama
  backlog: 4096
  servers:
{servers}
"""
NUTCRACKER_BUFFER_BYTES = 16384  # its default

BARE_LOOP = "bare loop"

MEMCACHED_ROUTES = """pools{{ main = {{ backends = {{ {servers} }} }} }}
routes{{ default = route_direct{{ child = "main" }} }}
"""


@contextlib.contextmanager
def memcached_pool(number):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(memcached(connections=SERVER_CONNECTIONS)) for _ in range(number)]


def freshet_front(binary, pool, connections, environment=None):
    def command(port, folder):
        config = folder / "freshet.toml"
        servers = ", ".join(f'"memcached://{server.address}"' for server in pool)
        config.write_text(FRESHET_CONFIG.format(connections=connections, servers=servers))
        return [program(str(binary)), "serve", "-c", str(config), "--state", str(folder / "state"),
                "--listen", f"127.0.0.1:{port}", "--listen", f"unix:{folder}/socket"]

    return Server("freshet", command, environment)


def by_unix_socket(front):
    """The same freshet_front(), for a generator."""
    return SimpleNamespace(name=front.name, address=f"unix:{front.folder.path}/socket", pid=front.pid)


def nutcracker(pool, environment=None):
    def command(port, folder):
        config = folder / "nutcracker.yml"
        servers = "\n".join(f"   - {server.address}:1" for server in pool)
        config.write_text(NUTCRACKER_CONFIG.format(port=port, servers=servers))
        return [program("nutcracker"), "-c", str(config), "-o", str(folder / "log"), "-p", str(folder / "pid"),
                "-a", "127.0.0.1", "-s", str(free_port()), "-m", str(NUTCRACKER_BUFFER_BYTES)]

    return Server("nutcracker", command, environment)


def bare_loop(binary, pool, environment=None):
    """What a proxy costs that does nothing but pass requests on: bare_loop.cpp."""

    def command(port, _):
        return [program(str(binary)), str(port), *(str(server.port) for server in pool)]

    return Server(BARE_LOOP, command, environment)


def new_memcached_program():
    binary = os.environ.get("MEMCACHED_NEW", "")
    if not os.access(binary, os.X_OK):
        raise CannotRun("MEMCACHED_NEW names no memcached 1.6.38; scripts/memcached-new fetches one and prints its path")
    return binary


def new_memcached():
    return memcached(binary=new_memcached_program())


def memcached_proxy(pool, connections):
    """The proxy that memcached 1.6.38 has in it."""
    binary = new_memcached_program()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []

    def command(port, folder):
        routes = folder / "routes.lua"
        routes.write_text(MEMCACHED_ROUTES.format(servers=", ".join(f'"{server.address}"' for server in pool)))
        routes.chmod(0o644)
        return [program(binary), *user, "-l", "127.0.0.1", "-p", str(port), "-t", "1", "-c", str(connections),
                "-o", f"proxy_config=routelib,proxy_arg={routes}"]

    return Server("memcached's proxy", command)


def alone(bench, front, pool, client=None, **options):
    """One run with the proxy by itself on the first core; the generator and the servers behind share the second.
    `client`: the proxy as the generator reaches it, where that is another address."""
    first, second = two_cores()
    front.move(first)
    for server in pool:
        server.move(second)
    return bench.generators.load(client or front, cores=[second], **options)


def unpinned(bench, target, moved, **options):
    """One run of a target where `moved` and the generator are wherever the kernel puts them."""
    spread(*moved)
    return bench.generators.load(target, cores=every_core(), **options)


def spread(*servers):
    for server in servers:
        server.move(*every_core())


def attempted(what, rows):
    """The rows of a function; where they cannot be measured one that says why, and the case goes on."""
    try:
        yield from rows()
    except CannotRun as why:
        yield not_measured(what, why)
