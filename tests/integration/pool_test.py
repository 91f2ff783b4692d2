"""Freshet in front of real memcached servers of both versions: values of every size, and servers that stop, hang and return."""
import contextlib
import random
import signal
import socket
import threading
import time
import unittest

import servers
from freeze import freeze
from ports import held_port

LARGE = 6 << 20


class Client:
    def __init__(self, server):
        self.socket = server.connect()
        self.file = self.socket.makefile("rb")

    def ask(self, *commands):
        self.socket.sendall(b"".join(commands))
        return self.file.readline()

    def set(self, key, value):
        return self.ask(b"set %s 0 0 %d\r\n" % (key, len(value)), value, b"\r\n")

    def get(self, *keys):
        """The values by key, and the last line."""
        line = self.ask(b"get " + b" ".join(keys) + b"\r\n")
        found = {}
        while line.startswith(b"VALUE "):
            _, key, _, size = line.split()
            found[key] = self.file.read(int(size) + 2)[:-2]
            line = self.file.readline()
        return found, line

    def statistics(self, group=b""):
        line = self.ask(b"stats " + group + b"\r\n")
        found = {}
        while line.startswith(b"STAT "):
            _, name, value = line.rstrip().split(b" ", 2)
            found[name.decode()] = value.decode()
            line = self.file.readline()
        return found

    def close(self):
        self.file.close()
        self.socket.close()


class SlowLink:
    """A listening port before a server's, through which so many bytes a second pass in each direction."""

    def __init__(self, port, bytes_per_second):
        self.behind, self.rate = port, bytes_per_second
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.sockets = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listening.accept()
                far = socket.create_connection(("127.0.0.1", self.behind))
                for end in (near, far):
                    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                        end.setsockopt(socket.SOL_SOCKET, option, 65_536)
                self.sockets += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self.carry, args=(one, other), daemon=True).start()

    def carry(self, one, other):
        with contextlib.suppress(OSError):
            while piece := one.recv(16_384):
                other.sendall(piece)
                time.sleep(len(piece) / self.rate)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for end in [self.listening, *self.sockets]:
            end.close()


def keys(count):
    return [b"key-%d" % number for number in range(count)]


class Pool(unittest.TestCase):
    def pool(self, count, options="", server_options=""):
        versions = [servers.memcached_old(), servers.memcached_program()]
        front = self.enterContext(servers.pool([versions[i % 2] for i in range(count)], options, server_options))
        return front, self.client(front)

    def client(self, front):
        client = Client(front)
        self.addCleanup(client.close)
        return client

    def test_both_versions_serve_one_pool(self):
        front, client = self.pool(4)
        for key in keys(200):
            self.assertEqual(client.set(key, key * 3), b"STORED\r\n")
        found, last = client.get(*keys(200))
        self.assertEqual(last, b"END\r\n")
        self.assertEqual(list(found), keys(200))    # in the order asked
        self.assertTrue(all(found[key] == key * 3 for key in found))
        said = client.statistics(b"servers")
        self.assertEqual([said[f"main:127.0.0.1:{server.port}:state"] for server in front.behind], ["up"] * 4)
        self.assertEqual({said[f"main:127.0.0.1:{server.port}:explicit_cas"] for server in front.behind}, {"no", "yes"})
        self.assertEqual(client.statistics()["curr_items"], "200")

    def test_values_of_every_size_come_back_as_they_were(self):
        _, client = self.pool(2, server_options="-I 8m", options='[server]\nitem_size_max = "8MiB"\n')
        chooser = random.Random(1)
        values = {b"v%d" % size: chooser.randbytes(size) for size in
                  [0, 1, 1023, 1024, 1025, 4096, 65_500, 65_536, 70_000, 262_144, 300_000, 1 << 20, LARGE]}
        for key, value in values.items():
            self.assertEqual(client.set(key, value), b"STORED\r\n", key)
        for _ in range(3):
            found, _ = client.get(*values)
            self.assertEqual(list(found), list(values))
            for key, value in values.items():
                self.assertTrue(found[key] == value, key)
        self.assertEqual(client.set(b"v0", b"x" * (9 << 20)), b"SERVER_ERROR object too large for cache\r\n")
        self.assertEqual(client.get(b"v0"), ({}, b"END\r\n"))

    def test_one_dead_server_of_ten_fails_no_get_of_many_keys(self):
        front, client = self.pool(10)
        for key in keys(300):
            client.set(key, key)
        front.behind[3].process.kill()
        front.behind[3].process.wait()
        found, last = client.get(*keys(300))
        self.assertEqual(last, b"END\r\n")
        self.assertTrue(0 < 300 - len(found) < 100, len(found))

    def test_hung_server_is_left_alone_and_used_again(self):
        front, client = self.pool(2, 'timeout = "100ms"\nbackoff = "20ms..100ms"\n')
        self.assertEqual({client.set(key, b"w") for key in keys(100)}, {b"STORED\r\n"})    # each connection has been used
        hung = front.behind[0]
        freeze(hung.process)
        self.addCleanup(hung.process.send_signal, signal.SIGCONT)
        answers = set()
        for key in keys(100):
            answers.add(client.set(key, b"x"))
        name = b"SERVER_ERROR server 127.0.0.1:%d " % hung.port
        self.assertEqual(answers, {b"STORED\r\n", name + b"did not answer in time, maybe_done\r\n", name + b"did not answer in time, not_done\r\n", name + b"is down, not_done\r\n"})
        hung.process.send_signal(signal.SIGCONT)
        while b"SERVER_ERROR" in {client.set(key, b"y")[:12] for key in keys(100)}:
            pass
        self.assertEqual(len(client.get(*keys(100))[0]), 100)

    def test_server_that_is_not_there_at_the_start_is_said_once_and_again_when_it_is(self):
        port = held_port()
        front = self.enterContext(servers.freshet(f'[store.main]\nurl = "memcached://127.0.0.1:{port}"\n'))
        name = f"store main: server 127.0.0.1:{port} "
        while name not in front.output():
            pass
        self.assertIn(name + "cannot be used: Connection refused; gets of its keys miss, writes fail, until it can\n", front.output())
        client = self.client(front)
        with servers.memcached_at(port):
            self.assertEqual(client.set(b"k", b"v"), b"STORED\r\n")
            while name + "can be used now (memcached 1.6." not in front.output():
                pass
        self.assertEqual(front.output().count(name), 2)

    def test_large_values_that_take_longer_than_the_timeout_arrive(self):
        """Through a link that carries 4 MB a second, in both directions."""
        behind = self.enterContext(servers.memcached_at(held_port()))
        link = self.enterContext(SlowLink(behind.port, 4_000_000))
        front = self.enterContext(servers.freshet(f'[store.main]\nurl = "memcached://127.0.0.1:{link.port}"\ntimeout = "100ms"\non_get_error = "error"\n'))
        client, other = self.client(front), self.client(front)
        value = random.Random(1).randbytes(1_000_000)
        for _ in range(3):
            self.assertEqual(client.set(b"large", value), b"STORED\r\n")
            found, last = client.get(b"large")
            self.assertEqual(last, b"END\r\n")
            self.assertTrue(found[b"large"] == value)
        client.socket.sendall(b"get large\r\n")
        answers = {other.ask(b"touch small 0\r\n") for _ in range(20)}
        name = b"SERVER_ERROR server 127.0.0.1:%d did not answer in time, maybe_done\r\n" % link.port
        self.assertLessEqual(answers, {b"NOT_FOUND\r\n", name})
        self.assertEqual(client.file.readline(), b"VALUE large 0 1000000\r\n")
        self.assertTrue(client.file.read(len(value)) == value)
        said = other.statistics(b"servers")
        self.assertEqual(said[f"main:127.0.0.1:{link.port}:connections"], "1")

    def test_server_that_is_replaced_at_its_address_is_used_again(self):
        front, client = self.pool(2, 'backoff = "20ms..100ms"\n')
        for key in keys(50):
            client.set(key, b"x")
        old = front.behind[1]
        old.process.kill()
        old.process.wait()
        front.behind[1] = servers.memcached_at(old.port)
        old.stop()
        while b"SERVER_ERROR" in {client.set(key, b"y")[:12] for key in keys(50)}:
            pass
        self.assertEqual(set(client.get(*keys(50))[0].values()), {b"y"})

    def test_results_of_tasks_appear_in_the_pool(self):
        front, client = self.pool(2, """
[server]
allow_exec = true
[queue.upper]
url = "journal:"
[[route]]
prefix = "result:"
store = "main"
wait = "10s"
[[route]]
prefix = "task:upper"
queue = "upper"
[[flow]]
from = "upper"
call = { exec = ["/usr/bin/tr", "a-z", "A-Z"] }
into = "main"
""")
        for number in range(20):
            self.assertEqual(client.set(b"task:upper#%d" % number, b"hello %d" % number), b"STORED\r\n")
        for number in range(20):
            key = b"result:%d" % number
            self.assertEqual(client.get(key), ({key: b"HELLO %d" % number}, b"END\r\n"))
        behind = [Client(server) for server in front.behind]
        self.assertEqual(sum(int(one.statistics()["curr_items"]) for one in behind), 20)
        for one in behind:
            one.close()

    def test_pipelines_of_many_clients_keep_their_order(self):
        _, first = self.pool(3, "[server]\nthreads = 2\n")
        for key in keys(100):
            first.set(key, key)
        with self.subTest("deep"):
            self.assertEqual(first.ask(b"mn\r\n"), b"MN\r\n")
        front = first.socket.getpeername()[1]
        many = [socket.create_connection(("127.0.0.1", front)) for _ in range(20)]
        order = [random.Random(seed).choices(keys(100), k=2_000) for seed in range(20)]
        for client, asked in zip(many, order):
            client.sendall(b"".join(b"get %s\r\n" % key for key in asked))
        for client, asked in zip(many, order):
            with client, client.makefile("rb") as file:
                for key in asked:
                    expected = b"VALUE %s 0 %d\r\n%s\r\nEND\r\n" % (key, len(key), key)
                    self.assertEqual(file.read(len(expected)), expected)


if __name__ == "__main__":
    unittest.main()
