"""The load generator as functions: options in, the figures they print out."""

import contextlib
import json
import subprocess
from statistics import median

from servers import CannotRun, pinned, two_cores

RUN_LIMIT_S = 300

LOAD = ["freshet", "bench"]
QUEUE_LOAD = ["freshet", "bench", "queue"]
BEANSTALK_LOAD = ["bench/beanstalk_load"]


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


class Generators:
    """`freshet bench` of a build folder, and its like for beanstalkd's protocol."""

    def __init__(self, folder):
        self.folder = folder

    def _start(self, words, server, options):
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
            preexec_fn=pinned(two_cores()[1]),
        )

    def _run(self, words, server, options):
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
        figures = json.loads(out)
        if figures["errors"]:
            raise CannotRun(f"{name} against {server.name}: {figures['errors']} errors, {figures.get('first_error', 'connections were cut')}")
        return figures

    def load(self, server, **options):
        return self._run(LOAD, server, load_options(options))

    def queue_load(self, server, **options):
        return self._run(BEANSTALK_LOAD if server.name == "beanstalkd" else QUEUE_LOAD, server, options)

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


def in_turn(rounds, first, second):
    """ABBA: drifts of the machine meet both alike. Yields each of the two `rounds` times."""
    for i in range(rounds):
        yield from (first, second) if i % 2 == 0 else (second, first)


def medians(runs, *names):
    """The median of each figure over all runs, each for itself."""
    return {name: median(run[name] for run in runs) for name in names}
