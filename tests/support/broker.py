"""What every broker of the tests is: a process in a folder of its own, on ports that stay its own while it is down, that ends
with the test however that ends. Start brokers from the main thread: Linux ends them with the thread that started them."""
import atexit
import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from freeze import freeze, thaw

READY_SECONDS = 180     # it takes a few; several at once on a busy machine take longer
END_SECONDS = 30
OUTPUT_BYTES_MAX = 8_000

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1
living = []
owner = os.getpid()     # a fork of the test ends none


def _end_all():
    for broker in list(living) if os.getpid() == owner else []:
        broker.stop()


def _on_terminate(number, _):
    _end_all()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _remember(broker):
    if not living and threading.current_thread() is threading.main_thread():
        atexit.register(_end_all)
        if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _on_terminate)
    living.append(broker)


def end_with_parent():
    """For preexec_fn: the child is killed when the thread that made it ends."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_until(condition, seconds, failure):
    """`failure` makes the sentence for the exception; an OSError of the condition is a no."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
            last = ""
        except OSError as error:
            last = f" ({error})"
        if time.monotonic() > deadline:
            raise RuntimeError(failure() + last)
        time.sleep(0.02)


def receive(connection, size):
    """Exactly so many bytes."""
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise ConnectionError(f"closed after {len(data)} of {size} bytes")
        data += more
    return data


class Broker:
    """The first start is the subclass's, once it has all that `_arguments`, `_environment` and `_answers` need."""

    def __init__(self, name):
        self.name = name
        self.folder = tempfile.mkdtemp(prefix="freshet-test-", dir="/var/tmp")
        self.process = None
        _remember(self)

    def _arguments(self):
        raise NotImplementedError

    def _environment(self):
        return dict(os.environ)

    def _answers(self):
        """Whether it serves clients; an OSError is a no, too."""
        raise NotImplementedError

    def _spawn(self, arguments, environment, folder=None):
        with open(self._log(), "ab") as log:
            return subprocess.Popen(arguments, env=environment, cwd=folder or self.folder, preexec_fn=end_with_parent,
                                    stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _log(self):
        return os.path.join(self.folder, "log")

    def start(self):
        self.start_soon()
        self.wait_until_ready()

    def start_soon(self):
        """Returns before the broker serves."""
        if self.alive():
            raise RuntimeError(f"{self.name} runs already")
        self.process = self._spawn(self._arguments(), self._environment())

    def wait_until_ready(self):
        def answers():
            if not self.alive():
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}; it said: {self.output()}")
            return self._answers()

        wait_until(answers, READY_SECONDS, lambda: f"{self.name} is not ready after {READY_SECONDS} s; it said: {self.output()}")

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def output(self):
        try:
            with open(self._log(), "rb") as log:
                return log.read().decode(errors="replace")[-OUTPUT_BYTES_MAX:]
        except OSError as error:
            return f"nothing: {error}"

    def kill(self):
        """SIGKILL: a crash. Ports and data stay."""
        if self.alive():
            self._before_crash()
        self._kill()

    def _before_crash(self):
        """What it writes later than it confirms, and no test is about."""

    def _kill(self):
        if self.alive():
            self.process.kill()
        self.wait_until_ended()

    def shut_down(self):
        """SIGTERM: it says farewell to its clients. Ports and data stay."""
        self.ask_to_end()
        self.wait_until_ended()

    def ask_to_end(self):
        if self.alive():
            self.process.terminate()
            self.continue_process()

    def wait_until_ended(self):
        if not self.process:
            return
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def restart(self):
        """Killed, if it runs, and started with the same data on the same ports."""
        self.kill()
        self.start()

    def stop_process(self):
        """SIGSTOP: it hangs, and its connections stay open. No thread of it runs when this returns."""
        self._must_run()
        freeze(self.process)

    def continue_process(self):
        self._must_run()
        thaw(self.process)

    def _must_run(self):
        if not self.alive():
            raise RuntimeError(f"{self.name} does not run")

    def stop(self):
        """Nothing is left of it. May be called more than once."""
        self._kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self in living:
            living.remove(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
