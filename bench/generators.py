"""The load generator as functions: options in, the figures they print out."""

import contextlib
import json
import subprocess
import time
from statistics import median

from servers import CannotRun, pinned, two_cores

RUN_LIMIT_S = 300
SETTLE_S = 0.5

LOAD = ["freshet", "bench"]
QUEUE_LOAD = ["freshet", "bench", "queue"]
QUEUE_LOADS = {"beanstalkd": ["bench/beanstalk_load"], "redis": ["bench/redis_load"]}     # of the peers


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


def load_options(given):
    """One request at a time, and no keys set before the run, unless the case says otherwise."""
    options = dict(depth=1, no_fill=not given.get("fill", False)) | given
    options.pop("fill", None)
    return options


def spoken_by(server):
    """The option of the generator where it is not what it does anyway."""
    return dict(protocol="resp") if server.name == "redis" else {}


class Generators:
    """`freshet bench` of a build folder, and its likes for what peers of queues speak."""

    def __init__(self, folder):
        self.folder = folder

    def _start(self, words, server, options):
        options = dict(options)
        cores = options.pop("cores", None) or [two_cores()[1]]
        binary = self.folder / words[0]
        if not binary.is_file():
            raise CannotRun(f"{binary} is not there: build the release preset first")
        command = [binary, *words[1:], server.address, "--json", *words_of(dict(options, pid=server.pid))]
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=pinned(*cores),
        )

    def _run(self, words, server, options):
        figures = self._figures(words, server, options)
        if figures["errors"]:
            raise CannotRun(f"{' '.join(words)} against {server.name}: {figures['errors']} errors, {figures.get('first_error', 'connections were cut')}")
        return figures

    def _figures(self, words, server, options):
        name = " ".join(words)
        process = self._start(words, server, options)
        try:
            out, err = process.communicate(timeout=RUN_LIMIT_S)
        except subprocess.TimeoutExpired:
            raise CannotRun(f"{name} against {server.name} took more than {RUN_LIMIT_S} s") from None
        finally:
            process.kill()
            process.wait()
        if process.returncode != 0 or err:
            raise CannotRun(f"{name} against {server.name}: {(err.strip() or 'killed').splitlines()[-1].removeprefix('freshet: ')}")
        return json.loads(out)

    def load(self, server, **options):
        """`cores`: those of the generator; without it the second of two_cores()."""
        return self._run(LOAD, server, load_options(options))

    def load_with_errors(self, server, **options):
        """As load(), where errors are a figure and no reason to end."""
        return self._figures(LOAD, server, load_options(options))

    @contextlib.contextmanager
    def loading(self, server, **options):
        """The load goes on inside the block; it has begun. Nobody reads its figures."""
        process = self._start(LOAD, server, load_options(dict(options, seconds=RUN_LIMIT_S)))
        try:
            time.sleep(SETTLE_S)
            yield
            if process.poll() is not None:
                raise CannotRun(f"freshet bench against {server.name} ended: {process.stderr.read().strip()}")
        finally:
            process.kill()
            process.wait()

    def queue_load(self, server, **options):
        return self._run(QUEUE_LOADS.get(server.name, QUEUE_LOAD), server, options)

    @contextlib.contextmanager
    def holding(self, server, **options):
        """The connections stay open inside the block."""
        process = self._start(LOAD, server, load_options(dict(options, hold=True)))
        try:
            if not process.stdout.readline():
                raise CannotRun(f"freshet bench against {server.name}: {process.stderr.read().strip()}")
            yield
        finally:
            process.kill()
            process.wait()


def in_turn(rounds, *peers):
    """ABBA, ABCDDCBA: drifts of the machine meet all alike. Yields each `rounds` times."""
    for i in range(rounds):
        yield from peers if i % 2 == 0 else reversed(peers)


def medians(runs, *names):
    """The median of each figure over all runs, each for itself."""
    return {name: median(run[name] for run in runs) for name in names}
