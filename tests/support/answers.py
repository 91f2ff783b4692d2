"""Compares the answers of two servers byte for byte, except where they may differ:

version text, seconds since the last access, slab class, item size, and CAS values, which are only equal or
unequal to each other. Remaining lifetimes may differ by the two clocks' ticks, and by how long one was asked after the other.
"""
import base64
import contextlib
import re

# Automatic CAS values lie between these two bounds in both servers (warm_up() sees to it); values outside were
# given by the client and must come back as they are.
AUTOMATIC_MIN = 10_000
AUTOMATIC_MAX = 1 << 62
CLOCKS_APART_SECONDS = 2
META_HEADS = (b"HD", b"VA", b"EN", b"NF", b"NS", b"EX")


def warm_up(connection, keys):
    """Moves the automatic CAS of every key beyond AUTOMATIC_MIN."""
    for key in keys:
        connection.sendall(b"set %s 0 0 1 noreply\r\nx\r\n" % key * AUTOMATIC_MIN + b"delete %s\r\n" % key)
        assert connection.recv(100) == b"DELETED\r\n"


def parse(stream):
    """Splits a stream of answers into (line, value) pairs; value is None where none follows the line."""
    records = []
    position = 0
    while position < len(stream):
        end = stream.find(b"\r\n", position)
        if end < 0:
            records.append((stream[position:], None))
            break
        line = stream[position:end]
        position = end + 2
        length = re.match(rb"VALUE \S+ \d+ (\d+)( \d+)?$", line) or re.match(rb"VA (\d+)( |$)", line)
        if length:
            size = int(length.group(1)) + 2
            records.append((line, stream[position:position + size]))
            position += size
        else:
            records.append((line, None))
    return records


class Comparison:
    """Compares record by record and remembers which CAS values of the two servers belong together."""

    def __init__(self):
        self.subject_of = {}    # oracle's CAS -> subject's
        self.oracle_of = {}     # (key, subject's CAS) -> oracle's
        self.last_seen = {}     # key -> (oracle's CAS, subject's), for commands that need one

        self.apart = CLOCKS_APART_SECONDS

    def delayed(self, seconds):
        """The two servers were asked so long after one another."""
        self.apart += seconds

    def difference(self, oracle_stream, subject_stream):
        """None, or a sentence with the first difference."""
        if oracle_stream == subject_stream and b" c" not in oracle_stream and b"VALUE" not in oracle_stream:
            return None
        oracle, subject = parse(oracle_stream), parse(subject_stream)
        for index, (expected, actual) in enumerate(zip(oracle, subject)):
            if expected[1] != actual[1]:
                return f"answer {index}: expected {shorten(expected)}, got {shorten(actual)}"
            complaint = self._line(expected[0], actual[0])
            if complaint:
                return f"answer {index}: {complaint}: expected {shorten(expected)}, got {shorten(actual)}"
        if len(oracle) != len(subject):
            longer, what = (oracle, "missing") if len(oracle) > len(subject) else (subject, "not expected")
            return f"{what}: {shorten(longer[min(len(oracle), len(subject))])}"
        return None

    def _line(self, expected, actual):
        head = expected.split(b" ", 1)[0]
        if head == b"VERSION":
            return None if re.match(rb"VERSION \d+\.\d+\.\d+", actual) else "version"
        if head == b"STAT":
            return None if expected.split(b" ")[1:2] == actual.split(b" ")[1:2] else "name"
        if head == b"VALUE":
            return self._value_line(expected.split(b" "), actual.split(b" "))
        if head == b"ME" or head in META_HEADS:
            return self._meta_line(expected.split(b" "), actual.split(b" "))
        return None if expected == actual else "line"

    def _value_line(self, expected, actual):
        if expected[:4] != actual[:4] or len(expected) != len(actual):
            return "line"
        return self._cas(expected[1], expected[4], actual[4]) if len(expected) == 5 else None

    def _meta_line(self, expected, actual):
        if len(expected) != len(actual) or expected[0] != actual[0]:
            return "line"
        key = next((token[1:] for token in expected[1:] if token[:1] == b"k"), None)
        if key is not None and b"b" in expected[1:]:
            with contextlib.suppress(ValueError):
                key = base64.b64decode(key)
        if expected[0] == b"ME" and len(expected) > 1:
            key = expected[1]
        for theirs, ours in zip(expected[1:], actual[1:]):
            complaint = self._token(key, theirs, ours)
            if complaint:
                return complaint
        return None

    def _token(self, key, expected, actual):
        for pattern in (rb"l\d+$", rb"la=\d+$", rb"cls=\d+$", rb"size=\d+$"):
            if re.match(pattern, expected) and re.match(pattern, actual):
                return None
        for pattern in (rb"t(-?\d+)$", rb"exp=(-?\d+)$"):
            times = re.match(pattern, expected), re.match(pattern, actual)
            if all(times):
                return self._time(int(times[0].group(1)), int(times[1].group(1)))
        for pattern in (rb"c(\d+)$", rb"cas=(\d+)$"):
            values = re.match(pattern, expected), re.match(pattern, actual)
            if all(values):
                return self._cas(key, values[0].group(1), values[1].group(1))
        return None if expected == actual else "token"

    def _time(self, expected, actual):
        if expected == -1 or actual == -1:
            return None if expected == actual else "lifetime"
        in_the_past = expected >= 1 << 31, actual >= 1 << 31
        if any(in_the_past):
            return None if all(in_the_past) else "lifetime"
        return None if abs(expected - actual) <= self.apart else "lifetime"

    def _cas(self, key, expected, actual):
        expected, actual = int(expected), int(actual)
        if not AUTOMATIC_MIN <= expected < AUTOMATIC_MAX:
            return None if expected == actual else "explicit cas"
        if self.subject_of.setdefault(expected, actual) != actual:
            return f"cas changed, expected it as before ({self.subject_of[expected]})"
        if key is not None:
            if self.oracle_of.setdefault((key, actual), expected) != expected:
                return "cas as before, expected a change"
            self.last_seen[key] = (expected, actual)
        return None


def shorten(record):
    line, value = record
    text = repr(line)[1:]
    if value is not None:
        text += " + " + (repr(value)[1:] if len(value) < 100 else f"{repr(value[:60])[1:]}... of {len(value)} bytes")
    return text if len(text) < 400 else text[:200] + "..." + text[-100:]
