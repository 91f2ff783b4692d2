#!/usr/bin/python3
"""Begins tasks at a steady rate and looks for their results in memcached. One line of JSON.
    client.py freshet HOST:PORT MEMCACHED RATE SECONDS     set task:thumbs#ID; the result is result:ID
    client.py celery AMQP_URL MEMCACHED RATE SECONDS       upper.apply_async(task_id=ID); the result is Celery's own
Times count from when a task was due, in ms; cpu_us: of this process, a task."""

import json
import os
import resource
import socket
import sys
import time

BODY = "hello, this is a task of one hundred bytes or so, to be written in capital letters by whoever has time"
LOOK_EVERY_S = 0.001
LOOKED_FOR_AT_ONCE = 200
PATIENCE_S = 10


class Freshet:
    def __init__(self, address):
        host, port = address.split(":")
        self.connection = socket.create_connection((host, int(port)))
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answers = b""

    def begin(self, number):
        self.connection.sendall(b"set task:thumbs#%s 0 0 %d\r\n%s\r\n" % (number.encode(), len(BODY), BODY.encode()))

    def key_of(self, number):
        return f"result:{number}".encode()

    def refused(self):
        """What was not confirmed, of all so far."""
        try:
            while piece := self.connection.recv(1 << 16, socket.MSG_DONTWAIT):
                self.answers += piece
        except BlockingIOError:
            pass
        lines = self.answers.split(b"\r\n")[:-1]
        return [line.decode() for line in lines if line != b"STORED"]


class Celery:
    def __init__(self, url):
        os.environ["CELERY_BROKER"] = url
        from celery_work import upper
        self.upper = upper

    def begin(self, number):
        self.upper.apply_async((BODY,), task_id=number)

    def key_of(self, number):
        return f"celery-task-meta-{number}".encode()

    def refused(self):
        return []


class Results:
    def __init__(self, address):
        host, port = address.split(":")
        self.connection = socket.create_connection((host, int(port)))
        self.input = self.connection.makefile("rb")

    def there(self, keys):
        self.connection.sendall(b"get " + b" ".join(keys) + b"\r\n")
        found = []
        while (line := self.input.readline()) != b"END\r\n":
            _, key, _, size = line.split()[:4]
            self.input.read(int(size) + 2)
            found.append(key)
        return found


def run(tasks, results, name, rate, seconds):
    """`name` is in the ids of its tasks."""
    count = int(rate * seconds)
    waiting, times, begun = {}, [], 0
    start = time.monotonic()
    looked = last_news = start
    while begun < count or waiting:
        now = time.monotonic()
        while begun < count and start + begun / rate <= now:
            number = f"{name}-{begun}"
            waiting[tasks.key_of(number)] = start + begun / rate
            tasks.begin(number)
            begun += 1
            last_news = now = time.monotonic()
        if waiting and now - looked >= LOOK_EVERY_S:
            looked = now
            found = results.there(list(waiting)[:LOOKED_FOR_AT_ONCE])
            seen = time.monotonic()
            for key in found:
                times.append(seen - waiting.pop(key))
                last_news = seen
        if now - last_news > PATIENCE_S:
            break
        next_due = start + begun / rate if begun < count else now + 1
        time.sleep(max(0.0, min(next_due, looked + LOOK_EVERY_S) - time.monotonic()))
    return count, times


def main():
    kind, where, memcached, rate, seconds = sys.argv[1:]
    tasks = (Freshet if kind == "freshet" else Celery)(where)
    results = Results(memcached)
    name = f"{os.getpid():x}-{time.time_ns():x}"
    run(tasks, results, name + "-first", 10, 0.5)       # what is set up at the first use
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime
    before = len(tasks.refused())
    count, times = run(tasks, results, name, float(rate), float(seconds))
    used = resource.getrusage(resource.RUSAGE_SELF)
    times.sort()
    at = lambda part: times[min(len(times) - 1, int(part * len(times)))] * 1000 if times else None
    print(json.dumps({"tasks": count, "missing": count - len(times), "p50_ms": at(0.5), "p99_ms": at(0.99), "refused": tasks.refused()[before:][:3],
                      "cpu_us": (used.ru_utime + used.ru_stime - cpu) / count * 1e6}))


main()
