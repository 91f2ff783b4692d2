"""The load generators as functions: options in, the figures they print out."""

import contextlib
import json
import subprocess
from statistics import median

from servers import CannotRun, pinned, two_cores

RUN_LIMIT_S = 300


def words_of(options):
    """value=100, set_on_miss=True -> --value 100 --set-on-miss"""
    words = []
    for name, value in options.items():
        if value is None or value is False:
            continue
        words.append("--" + name.replace("_", "-"))
        if value is not True:
            words.append(str(value))
    return words


class Generators:
    def __init__(self, folder):
        self.folder = folder

    def _start(self, name, server, options):
        binary = self.folder / name
        if not binary.is_file():
            raise CannotRun(f"{binary} is not there: build the release preset first")
        command = [binary, "--json", *words_of(dict(options, address=server.address, pid=server.pid))]
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=pinned(two_cores()[1]),
        )

    def _run(self, name, server, options):
        process = self._start(name, server, options)
        try:
            out, err = process.communicate(timeout=RUN_LIMIT_S)
        except subprocess.TimeoutExpired:
            raise CannotRun(f"{name} against {server.name} took more than {RUN_LIMIT_S} s") from None
        finally:
            process.kill()
            process.wait()
        if process.returncode != 0:
            raise CannotRun(f"{name} against {server.name}: {(err.strip() or 'killed').splitlines()[-1].removeprefix(name + ': ')}")
        return json.loads(out)

    def load(self, server, **options):
        return self._run("load", server, options)

    def queue_load(self, server, **options):
        return self._run("queue_load", server, options)

    @contextlib.contextmanager
    def holding(self, server, **options):
        """The connections stay open inside the block."""
        process = self._start("load", server, dict(options, hold=True))
        try:
            if not process.stdout.readline():
                raise CannotRun(f"load against {server.name}: {process.stderr.read().strip()}")
            yield
        finally:
            process.kill()
            process.wait()


def in_turn(rounds, first, second):
    """ABBA: drifts of the machine meet both alike. Yields each of the two `rounds` times."""
    for i in range(rounds):
        yield from (first, second) if i % 2 == 0 else (second, first)


def medians(runs, *names):
    """The median of each figure over all runs, each for itself."""
    return {name: median(run[name] for run in runs) for name in names}
