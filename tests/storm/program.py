"""The program under test: it starts, ends in each way, and is looked at."""
import collections
import contextlib
import json
import os
import re
import subprocess
import time

from configuration import STOP_SECONDS
from connection import Connection, Gone

SLOW = 5 if os.environ.get("STORM_SLOW") else 1     # a sanitizer's build
START_SECONDS = 20 * SLOW
THREADS_MAX = 64
RESIDENT_MIB_MAX = 512

Use = collections.namedtuple("Use", "descriptors threads resident_mib")


class Program:
    def __init__(self, folder, configuration, machine, ledger):
        self.folder, self.machine, self.ledger = folder, machine, ledger
        self.port, self.addresses = configuration.port, configuration.addresses()
        self.log = open(os.path.join(folder, "log"), "ab")
        self.process = None
        self.configuration_file = os.path.join(folder, "freshet.toml")
        with open(self.configuration_file, "w") as file:
            file.write(configuration.text)

    def start(self):
        self.ledger.disturb()
        self.process = subprocess.Popen(
            [os.environ["FRESHET"], "serve", "-c", self.configuration_file, "--state", self.machine.state], stdout=self.log, stderr=self.log, env=self.machine.environment())
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"it does not start: status {self.process.returncode}")
            with contextlib.suppress(Gone, TimeoutError), Connection(self.port) as connection:
                if connection.ask(b"version").startswith(b"VERSION"):
                    return
            time.sleep(0.02)
        raise RuntimeError("it does not answer at its start")

    def replay_dead(self, queue):
        replay = [os.environ["FRESHET"], "dead", "replay", queue, "-c", self.configuration_file, "--state", self.machine.state]
        done = subprocess.run(replay, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            self.ledger.fault(f"dead letters are not replayed: {done.stdout!r}")

    def dead_reasons(self, queue):
        ask = [os.environ["FRESHET"], "dead", "list", "--json", queue, "-c", self.configuration_file, "--state", self.machine.state]
        return {letter["reason"] for letter in json.loads(subprocess.check_output(ask))["letters"]}

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, statuses=(0,)):
        begin = time.monotonic()
        self.process.terminate()
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.ledger.fault("it does not stop")
            self.kill()
            return
        if status not in statuses:
            self.ledger.fault(f"a stop ends with status {status}")
        if time.monotonic() - begin > (STOP_SECONDS + 7) * SLOW:
            self.ledger.fault(f"a stop lasts {time.monotonic() - begin:.1f} s")

    def look(self):
        """It lives, and is within its limits."""
        if self.process.poll() is not None:
            self.ledger.fault(f"it has ended by itself, with status {self.process.returncode}")
            self.start()
        use = self.use()
        if use.threads > THREADS_MAX:
            self.ledger.fault(f"it has {use.threads} threads")
        if SLOW == 1 and use.resident_mib > RESIDENT_MIB_MAX:
            self.ledger.fault(f"it takes {use.resident_mib} MiB")

    def use(self):
        """Nothing of one that has just ended, which the next look finds."""
        process = f"/proc/{self.process.pid}"
        with open(f"{process}/status") as status:
            figures = dict(re.findall(r"(\w+):\s+(\d+)", status.read()))
        return Use(len(os.listdir(f"{process}/fd")), int(figures.get("Threads", 0)), int(figures.get("VmRSS", 0)) // 1024)

    def long_turns(self):
        """Milliseconds of the processor's time, as the log has them."""
        with open(self.log.name, errors="replace") as log:
            return [int(ms) for ms in re.findall(r"busy with one turn for \d+ ms \((\d+) ms", log.read())]

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self.log.close()
