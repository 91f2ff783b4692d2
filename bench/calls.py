"""Counts a server's calls of the heap, of sync and of the system with the preloaded count_calls.c."""

import contextlib
import struct
import subprocess
from pathlib import Path
from types import SimpleNamespace

from servers import CannotRun, Folder, program

COUNTERS = struct.Struct("=3Q")


@contextlib.contextmanager
def counting():
    """The environment for the server and the file for the generator."""
    source = Path(__file__).parent / "count_calls.c"
    with Folder() as folder:
        library = folder / "count_calls.so"
        built = subprocess.run(
            [program("gcc"), "-O2", "-shared", "-fPIC", "-o", library, source], capture_output=True, text=True)
        if built.returncode != 0:
            raise CannotRun(f"{source.name} does not compile: {built.stderr.strip().splitlines()[0]}")
        file = folder / "calls"
        file.write_bytes(bytes(COUNTERS.size))
        file.chmod(0o666)  # memcached is another user by then
        yield SimpleNamespace(
            file=file,
            environment={"LD_PRELOAD": str(library), "BENCH_CALLS": str(file)},
            system_calls=lambda: COUNTERS.unpack(file.read_bytes())[2],
        )
