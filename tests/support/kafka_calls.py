"""The few calls of Kafka's protocol that tests need of a broker: which of them live, who leads what, new topics, and records that go."""
import socket
import struct

from broker import receive

METADATA, CREATE_TOPICS, DELETE_RECORDS = 3, 19, 21
CALL_SECONDS = 30
ANSWER_BYTES_MAX = 16 << 20
NO_LEADER = -1


class Reader:
    def __init__(self, data):
        self.data = data
        self.place = 0

    def number(self, kind):
        value, = struct.unpack_from(">" + kind, self.data, self.place)
        self.place += struct.calcsize(">" + kind)
        return value

    def text(self):
        size = self.number("h")
        if size < 0:
            return None
        self.place += size
        return self.data[self.place - size:self.place].decode()

    def array(self, read):
        return [read() for _ in range(self.number("i"))]


def text(value):
    data = value.encode()
    return struct.pack(">h", len(data)) + data


def array(parts):
    return struct.pack(">i", len(parts)) + b"".join(parts)


def call(port, key, version, body, seconds=CALL_SECONDS):
    """A reader of the answer's body."""
    head = struct.pack(">hhi", key, version, 1) + text("freshet-test")
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.sendall(struct.pack(">i", len(head) + len(body)) + head + body)
        size, = struct.unpack(">i", receive(connection, 4))
        if not 4 <= size <= ANSWER_BYTES_MAX:
            raise ConnectionError(f"an answer of {size} bytes")
        reader = Reader(receive(connection, size))
    reader.number("i")      # the number of the call
    return reader


class Metadata:
    """What one broker knows: `brokers`, the numbers of those that live, and `topics`: name -> [Partition]."""

    def __init__(self, port, seconds=CALL_SECONDS):
        answer = call(port, METADATA, 1, struct.pack(">i", -1), seconds)
        self.brokers = sorted(answer.array(lambda: self._broker(answer)))
        self.controller = answer.number("i")
        self.topics = dict(answer.array(lambda: self._topic(answer)))

    @staticmethod
    def _broker(answer):
        number = answer.number("i")
        answer.text(), answer.number("i"), answer.text()    # its host, port and rack
        return number

    @staticmethod
    def _topic(answer):
        answer.number("h")
        name = answer.text()
        answer.number("b")
        partitions = answer.array(lambda: Partition(answer))
        return name, sorted(partitions, key=lambda partition: partition.number)


class Partition:
    def __init__(self, answer):
        answer.number("h")
        self.number = answer.number("i")
        self.leader = answer.number("i")
        self.replicas = answer.array(lambda: answer.number("i"))
        self.in_sync = answer.array(lambda: answer.number("i"))


def create_topic(port, name, partitions, replicas, config):
    """Any broker passes it on to the controller. A RuntimeError says why the topic was refused."""
    settings = [text(key) + text(str(value)) for key, value in config.items()]
    topic = text(name) + struct.pack(">ih", partitions, replicas) + array([]) + array(settings)
    answer = call(port, CREATE_TOPICS, 2, array([topic]) + struct.pack(">i?", CALL_SECONDS * 1000, False))
    answer.number("i")      # how long it was throttled
    for name, error, message in answer.array(lambda: (answer.text(), answer.number("h"), answer.text())):
        if error:
            raise RuntimeError(f"topic {name}: error {error}: {message}")


def delete_records(port, topic, partitions):
    """All that the topic has, as its retention does it. The broker leads these partitions."""
    wanted = text(topic) + array([struct.pack(">iq", partition, -1) for partition in partitions])
    answer = call(port, DELETE_RECORDS, 0, array([wanted]) + struct.pack(">i", CALL_SECONDS * 1000))
    answer.number("i")      # how long it was throttled
    for name, done in answer.array(lambda: (answer.text(), answer.array(lambda: (answer.number("i"), answer.number("q"), answer.number("h"))))):
        for partition, low, error in done:
            if error:
                raise RuntimeError(f"topic {name}, partition {partition}: error {error}")
