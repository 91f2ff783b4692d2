"""Throws the same random commands at memcached 1.6.38 and at the program under test, and compares their answers.

By itself: a fixed set of seeds and a few new ones, in memory and in front of a pool, about 30 s. For more: differential_test.py --seconds N [--seed S].
"""
import argparse
import base64
import contextlib
import random
import socket
import sys
import threading
import time
import unittest

import answers
import servers
from random_commands import KEYS, PAD, Generator, ToldGenerator

FIXED_SEEDS = range(1, 41)
NEW_SEEDS = 15
COMMANDS_PER_SEED = 600
COMMANDS_PER_BATCH_MAX = 12
ANSWER_SECONDS = 30
MINIMIZE_SECONDS = 40
SEND_BYTES = 1 << 16
FENCE = b"mg fence-%d k O\r\n"
FENCE_ANSWER = b"EN kfence-%d O\r\n"


class Client:
    """A connection to one server that is opened again when the server has closed it."""

    def __init__(self, server):
        self.server = server
        self.connection = None
        self.fences = 0

    def reconnect(self):
        self.close()
        self.connection = self.server.connect()
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self.connection.setsockopt(socket.SOL_SOCKET, option, 8 << 20)

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def clean(self, told=False):
        """No item of an earlier run is left."""
        self.reconnect()
        # what is told may come again behind a flush_all, and not behind a delete; a key of 250 bytes is too long in base64
        in_base64 = b"".join(b"md %s b q\r\n" % base64.b64encode(key) for key in KEYS)
        self.send([(b"" if told else b"flush_all\r\n") + in_base64 + b"md %s q\r\n" % (b"k" * 250)])
        self.answer(False)

    def send(self, chunks):
        if not self.connection:
            self.reconnect()
        with contextlib.suppress(OSError):      # a close is seen by answer()
            for chunk in chunks:
                for start in range(0, len(chunk), SEND_BYTES):      # sendall() has its timeout for all that it is given
                    self.connection.sendall(chunk[start:start + SEND_BYTES])

    def answer(self, padded, fenced=True):
        """What came until the fence, which is sent here; ends with <closed> or <silent> where no fence came."""
        if fenced:
            self.send([self._fence(padded)])
        return self._receive()

    def exchange(self, chunks):
        """As send() and answer(), but reads while it sends."""
        sender = threading.Thread(target=self.send, args=([*chunks, self._fence(True)],))
        sender.start()
        result = self._receive()
        sender.join()
        return result

    def _fence(self, padded):
        self.fences += 1
        return (PAD if padded else b"") + FENCE % self.fences

    def _receive(self):
        end = FENCE_ANSWER % self.fences
        result = bytearray()
        self.connection.settimeout(ANSWER_SECONDS)
        try:
            while not result.endswith(end):
                part = self.connection.recv(1 << 20)
                if not part:
                    raise ConnectionResetError
                result += part
        except TimeoutError:
            self.close()
            return bytes(result) + b"<silent>"
        except OSError:
            self.close()
            return bytes(result) + b"<closed>"
        return bytes(result[:-len(end)])


class Run:
    """The pair of servers, and the comparison of one sequence of batches."""

    def __init__(self, oracle, subject, generator=Generator):
        self.generator = generator
        self.clients = [Client(oracle), Client(subject)]
        self.subject = subject

    def close(self):
        for client in self.clients:
            client.close()

    def compare(self, batches, splits):
        """None, or (number of the batch, complaint, memcached's answer, the subject's)."""
        for client in self.clients:
            client.clean(self.generator is ToldGenerator)
        comparison = answers.Comparison()
        for number, batch in enumerate(batches):
            padded = any(command.risky for command in batch)
            both = []
            begin = time.monotonic()
            for side, client in enumerate(self.clients):
                data = b"".join(command.resolve(lambda key: comparison.last_seen.get(key, (5, 5))[side]) for command in batch)
                client.send(split(data, random.Random(splits + number)))
                both.append(client.answer(padded, not batch[-1].closes))
            comparison.delayed(time.monotonic() - begin)
            complaint = comparison.difference(*both)
            if not self.subject.alive():
                complaint = "the server ended: " + self.subject.output()
            if complaint:
                return number, complaint, *both
        return None


def split(data, chooser):
    """The data in chunks as a network might deliver it."""
    if chooser.random() < 0.5:
        return [data]
    cuts = sorted(chooser.randrange(len(data) + 1) for _ in range(chooser.choice([1, 2, 5])))
    return [data[start:end] for start, end in zip([0] + cuts, cuts + [len(data)]) if start < end]


def batches_of(seed, count, through_pool=False, make=Generator):
    generator = make(random.Random(seed), through_pool)
    batches = [[]]
    room = 1
    for _ in range(count):
        command = generator.command()
        # An answer that is still on its way holds its item, which changes arithmetic; and some errors drop answers.
        # And a large value must not be read as one endless line, which would close the connection at some moment.
        lost = command.large and any(earlier.risky for earlier in batches[-1])
        if command.alone or lost or len(batches[-1]) >= room or (batches[-1] and batches[-1][-1].closes):
            batches.append([])
            room = generator.random.randrange(1, COMMANDS_PER_BATCH_MAX)
        batches[-1].append(command)
    return [batch for batch in batches if batch]


def minimize(run, batches, splits, until):
    """Leaves out batches, then commands, as long as something still differs."""
    def still_differs(candidate):
        return time.monotonic() < until and run.compare(candidate, splits) is not None

    size = len(batches)
    while size >= 1:
        start = 0
        while start < len(batches):
            candidate = batches[:start] + batches[start + size:]
            if candidate and still_differs(candidate):
                batches = candidate
            else:
                start += size
        size //= 2
    for batch in range(len(batches)):
        command = 0
        while command < len(batches[batch]) > 1:
            shorter = batches[batch][:command] + batches[batch][command + 1:]
            candidate = batches[:batch] + [shorter] + batches[batch + 1:]
            if still_differs(candidate):
                batches = candidate
            else:
                command += 1
    return batches


def check_seed(run, seed, count=COMMANDS_PER_SEED):
    """None, or the report of a difference."""
    batches = batches_of(seed, count, bool(run.subject.behind), run.generator)
    found = run.compare(batches, seed)
    if not found:
        return None
    first = f"seed {seed}, batch {found[0]}: {found[1]}\n    memcached: {show(found[2])}\n    subject:   {show(found[3])}"
    if not run.subject.alive():
        return first
    prefix = batches[:found[0] + 1]
    if not run.compare(prefix, seed):
        return f"{first}\nIt does not show again with the same commands. The last batch: {prefix[-1]}"
    shortest = minimize(run, prefix, seed, time.monotonic() + MINIMIZE_SECONDS)
    again = run.compare(shortest, seed)
    lines = [first, f"seed {seed} (differential_test.py --seed {seed} --seconds 0)", "the shortest sequence found, one line a batch:"]
    lines += ["    " + " | ".join(map(repr, batch)) for batch in shortest]
    if again:
        lines += [again[1], "memcached: " + show(again[2]), "subject:   " + show(again[3])]
    return "\n".join(lines)


def show(data):
    text = repr(data)[2:-1]
    return text if len(text) < 1500 else text[:700] + "..." + text[-700:]


@contextlib.contextmanager
def running(make_subject, generator=Generator):
    with servers.oracle() as oracle, make_subject() as subject:
        for server in (oracle,) if make_subject is told else (oracle, subject):     # versions are large from the beginning
            with server.connect() as connection:
                answers.warm_up(connection, [key for key in KEYS if b" " not in key and b"\0" not in key])
        run = Run(oracle, subject, generator)
        yield run
        run.close()


def pool():
    new = servers.memcached_program()
    return servers.pool([new, new], "flush_all = true")


def told():
    """A route with `publish`: writes go through a queue, and back."""
    return servers.freshet("""
        [site]
        name = "fra"
        node = 1
        [store.main]
        [queue.changes]
        confirm_within = "25s"
        [[route]]
        prefix = ""
        store = "main"
        publish = "changes"
        [[flow]]
        from = "changes"
        apply = "main"
        """)


class Differential(unittest.TestCase):
    subject = staticmethod(servers.subject)
    generator = Generator

    def check(self, seeds):
        with running(self.subject, self.generator) as run:
            for seed in seeds:
                report = check_seed(run, seed)
                if report:
                    self.fail(report)

    def test_fixed_seeds(self):
        self.check(FIXED_SEEDS)

    def test_new_seeds(self):
        seed = random.randrange(1_000_000)
        print(f"new seeds from {seed}", flush=True)
        self.check(range(seed, seed + NEW_SEEDS))

    def test_a_pipeline_of_any_depth(self):
        with running(self.subject) as run:
            for seed, depth in ((101, 2000), (102, 20_000)):
                for client in run.clients:
                    client.clean()
                commands = (command for batch in batches_of(seed, depth, bool(run.subject.behind)) for command in batch)
                data = b"".join(command.resolve(lambda key: 5) for command in commands if not (command.alone or command.closes or command.large))
                comparison, begin = answers.Comparison(), time.monotonic()
                both = [client.exchange(split(data, random.Random(seed))) for client in run.clients]
                comparison.delayed(time.monotonic() - begin)
                self.assertIsNone(comparison.difference(*both), f"seed {seed}")


class DifferentialThroughAPool(Differential):
    subject = staticmethod(pool)


class DifferentialOfWhatIsTold(Differential):
    subject = staticmethod(told)
    generator = ToldGenerator
    test_a_pipeline_of_any_depth = None


def search(make_subject, seconds, seed, failures_max):
    """Seeds one after another until the time is over; returns how many of them differ."""
    until = time.monotonic() + seconds
    failures = commands = 0
    with contextlib.ExitStack() as stack:
        run = stack.enter_context(running(make_subject))
        while True:
            report = check_seed(run, seed)
            commands += COMMANDS_PER_SEED
            if report:
                failures += 1
                print(report, flush=True)
            if time.monotonic() >= until or failures >= failures_max or not run.subject.alive():
                print(f"{commands} commands, last seed {seed}, {failures} differ")
                return failures
            seed += 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pool", action="store_true", help="in front of two servers of memcached 1.6.38")
    parser.add_argument("--failures", type=int, default=1, help="stop after so many")
    options, rest = parser.parse_known_args()
    if options.seconds is not None:
        sys.exit(1 if search(pool if options.pool else servers.subject, options.seconds, options.seed, options.failures) else 0)
    unittest.main(argv=sys.argv[:1] + rest)
