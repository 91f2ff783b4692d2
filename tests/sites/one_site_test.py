"""A route with publish, at one site: its clients see what memcached would show them, through kills and restarts."""
import random
import re
import tempfile
import time
import unittest

import servers
from numbers_file import NumbersFile
from sites import BROKEN, TASKS, Client, Load, Site, until

JOURNAL = 'url = "journal:"\n'
AUDIT = '[[route]]\nprefix = "audit"\nqueue = "audit"\n'


class OneSite:
    def site(self, **more):
        site = self.enterContext(Site("fra", 1, JOURNAL, self.servers(), **more))
        return site, self.client(site)

    def client(self, site):
        client = Client(site)
        self.addCleanup(client.close)
        return client

    def test_a_pipeline_is_answered_in_its_order(self):
        _, client = self.site()
        commands = [(b"set a 0 0 1\r\n1", "STORED"), (b"set a 0 0 1\r\n2", "STORED"), (b"incr a 3", "5"), (b"delete a", "DELETED"),
                    (b"incr a 1", "NOT_FOUND"), (b"delete a", "NOT_FOUND"), (b"add a 0 0 1\r\n7", "STORED"), (b"add a 0 0 1\r\n8", "NOT_STORED"),
                    (b"append a 0 0 1\r\n1", "STORED"), (b"decr a 70", "1"), (b"touch a 100", "TOUCHED"), (b"replace a 0 0 1\r\n9", "STORED")]
        client.socket.sendall(b"".join(command + b"\r\n" for command, _ in commands))
        for command, answer in commands:
            self.assertEqual(client.line(), answer, command)
        self.assertEqual(client.get("a"), b"9")

    def test_a_set_without_an_answer_is_there_for_its_connection_s_next_get(self):
        _, client = self.site()
        for number in range(200):
            body = b"%d" % number
            client.socket.sendall(b"set k 0 0 %d noreply\r\n%s\r\n" % (len(body), body))
            self.assertEqual(client.get("k"), body)

    def test_what_is_deleted_is_a_miss_in_every_way_of_asking(self):
        _, client = self.site()
        client.set("k", b"value")
        self.assertEqual(client.delete("k"), "DELETED")
        for command, answer in [(b"get k", "END"), (b"gets k", "END"), (b"gat 10 k", "END"), (b"mg k v", "EN"), (b"mg k", "EN"), (b"mg k t c", "EN"),
                                (b"touch k 10", "NOT_FOUND"), (b"incr k 1", "NOT_FOUND"), (b"append k 0 0 1\r\nx", "NOT_STORED"),
                                (b"replace k 0 0 1\r\nx", "NOT_STORED"), (b"cas k 0 0 1 1\r\nx", "NOT_FOUND"), (b"md k", "NF")]:
            self.assertEqual(client.ask(command), answer, command)
        self.assertEqual(client.set("k", b"new", "add"), "STORED")

    def test_what_is_touched_to_end_is_gone_though_its_change_is_still_on_its_way(self):
        _, client = self.site()
        for ends, answer in ((b"touch k%d -1", ("TOUCHED",)), (b"gat -1 k%d", ("VALUE k%d 0 1", "7", "END")), (b"mg k%d v T-1", ("VA 1", "7"))):
            numbers = range(300)
            client.socket.sendall(b"".join(b"set k%d 0 0 1\r\n7\r\n" % n + ends % n + b"\r\nincr k%d 1\r\n" % n for n in numbers))
            for n in numbers:
                said = [client.line() for _ in range(len(answer) + 2)]
                self.assertEqual(said, ["STORED", *(line.replace("%d", str(n)) for line in answer), "NOT_FOUND"])
            for n in numbers:
                self.assertIsNone(client.get(f"k{n}"))

    def test_what_is_not_a_client_s_to_say_is_refused(self):
        _, client = self.site()
        for command in (b"ms k 1 E5\r\nx", b"md k I", b"md k x", b"ms k 1 C1 I\r\nx"):
            self.assertTrue(client.ask(command).startswith("CLIENT_ERROR"), command)
        self.assertEqual(client.set("k", b"x" * 2_000_000), "SERVER_ERROR object too large for cache")

    def test_clients_that_race_lose_no_increment(self):
        site, client = self.site()
        client.set("n", b"0")

        def count(mine, _):
            for _ in range(50):
                self.assertRegex(mine.ask(b"incr n 1"), "^[0-9]+$")
            raise StopIteration
        load = Load(site, 8, count)
        for thread in load.threads:
            thread.join()
        self.assertTrue(all(isinstance(e, StopIteration) for e in load.trouble), load.trouble)
        self.assertEqual(int(client.get("n")), 400)

    def test_a_result_is_written_as_a_client_s_value_is(self):
        _, client = self.site(more=TASKS)
        for task, result in (("done", b"done\n"), ("fail", BROKEN)):
            self.assertEqual(client.set(f"task#{task}", task.encode() + b"\n"), "STORED")
            until(lambda key=f"result:{task}", result=result: client.get(key) == result)
            version = client.ask(b"mg result:%s c" % task.encode())
            self.assertGreater(int(version.removeprefix("HD c")), 1 << 50)
            self.assertEqual(client.delete(f"result:{task}"), "DELETED")
            self.assertIsNone(client.get(f"result:{task}"))

    def test_each_change_is_read_from_a_second_queue_too(self):
        site = self.enterContext(Site("fra", 1, JOURNAL + 'copies = ["audit"]\n', self.servers(), more=AUDIT + "[queue.audit]\n"))
        client = self.client(site)
        for command in (b"set k 0 0 3\r\none", b"append k 0 0 4\r\n two", b"delete k", b"set n 0 0 1\r\n4", b"incr n 1", b"delete absent"):
            client.ask(command)
        until(lambda: client.figure("changes:ready") == client.figure("changes:leased") == client.figure("changes:delayed") == 0)
        site.kill()
        site.start()
        reader = self.client(site)
        bodies = []
        until(lambda: bodies.append(reader.get("audit")) or bodies[-1] is None)
        self.assertEqual(sorted(bodies[:-1]), sorted([b"one", b"one two", b"", b"4", b"5", b""]))
        self.assertLess(bodies.index(b"one"), bodies.index(b"one two"))

    def test_a_full_second_queue_refuses_a_write_that_is_nowhere_then(self):
        site = self.enterContext(Site("fra", 1, JOURNAL + 'copies = ["audit"]\n', self.servers(), more=AUDIT + "[queue.audit]\nlength_max = 1\n"))
        client = self.client(site)
        self.assertEqual(client.set("k", b"first"), "STORED")
        for _ in range(3):
            self.assertEqual(client.set("k", b"second"), "SERVER_ERROR queue audit is full (length_max), not_done")
            self.assertEqual(client.delete("k"), "SERVER_ERROR queue audit is full (length_max), not_done")
        self.assertEqual(client.get("k"), b"first")
        self.assertEqual(client.get("audit"), b"first")
        self.assertEqual(client.set("k", b"second"), "STORED")
        self.assertEqual(client.get("k"), b"second")

    def test_what_was_answered_outlives_a_kill(self):
        site, _ = self.site()
        answered, writes = [{} for _ in range(4)], [0]

        def write(client, number):
            key, value = f"{number}-{random.randrange(20)}", b"%d" % random.randrange(1_000_000)
            answered[number].pop(key, None)     # until it is answered either may be there
            writes[0] += 1
            if random.randrange(4) == 0:
                if client.delete(key) in ("DELETED", "NOT_FOUND"):
                    answered[number][key] = None
            elif client.set(key, value) == "STORED":
                answered[number][key] = value
        for _ in range(5):
            writes[0] = 0
            load = Load(site, 4, write)
            until(lambda: writes[0] > 50)
            site.kill()
            load.stop()
            site.start()
            client = self.client(site)
            for known in answered:
                for key, value in known.items():
                    until(lambda key=key, value=value: client.get(key) == value)


class InMemory(OneSite, unittest.TestCase):
    def servers(self):
        return ()

    # A store in memory is empty after a kill; what the queue had and was applied does not come again.
    test_what_was_answered_outlives_a_kill = None

    def clock(self, ms):
        """A clock that is so many milliseconds ahead, and the environment of who sees it."""
        step = NumbersFile(self.enterContext(tempfile.TemporaryDirectory()) + "/step", "q")
        step.set(ms)
        return step, {**servers.preload("stepped_clock"), "STEPPED_CLOCK": step.path}

    def test_a_clock_that_is_set_back_is_said_and_what_is_written_then_is_newer(self):
        step, environment = self.clock(0)
        site, client = self.site(environment=environment)
        self.assertEqual(client.set("k", b"first"), "STORED")
        first = client.version_ms("k")
        step.set(-3_600_000)
        self.assertEqual(client.set("k", b"second"), "STORED")
        self.assertGreaterEqual(client.version_ms("k"), first)
        self.assertEqual(client.get("k"), b"second")
        until(lambda: re.search("versions go on from .*, 3[56][0-9]{2} s ahead of this machine's clock", site.output()))

    def test_a_clock_that_nobody_has_set_is_said(self):
        _, environment = self.clock(-int(time.time() * 1000))
        with self.assertRaisesRegex(RuntimeError, "this machine's clock shows 1970-01-01T.*; set it first"):
            Site("fra", 1, JOURNAL, environment=environment)

    def test_a_result_outlives_kills(self):
        site, client = self.site(more=TASKS)
        keys = [f"result:{number}" for number in range(100)]
        for number in range(100):
            client.set(f"task#{number}", b"done\n")
        until(lambda: client.figure("tasks:ready") == client.figure("tasks:leased") == 0)
        versions = [client.ask(b"mg %s c" % key.encode()) for key in keys]
        for _ in range(3):
            site.kill()     # perhaps before the changes are acknowledged, which come again then
            site.start()
            client = self.client(site)
            self.assertEqual([client.get(key) for key in keys], [b"done\n"] * 100)
            self.assertEqual([client.ask(b"mg %s c" % key.encode()) for key in keys], versions)


class OnMemcached(OneSite, unittest.TestCase):
    def servers(self):
        return [self.enterContext(servers.oracle()) for _ in range(2)]


    def test_a_version_that_is_a_year_ahead_is_written_over_and_carries_no_other_key_along(self):
        server = self.enterContext(servers.oracle())
        site = self.enterContext(Site("fra", 1, JOURNAL, [server]))
        client, day_ms = self.client(site), 24 * 3_600_000
        with server.connect() as direct:
            for command, answer, then in ((b"set k 0 0 1\r\nx", "STORED", b"x"), (b"incr k 1", "8", b"8"), (b"append k 0 0 1\r\n0", "STORED", b"70"),
                                          (b"delete k", "DELETED", None)):
                direct.sendall(b"ms k 1 E%d\r\n7\r\n" % (int(time.time() * 1000 + 365 * day_ms) << 20))
                self.assertEqual(direct.recv(100), b"HD\r\n")
                self.assertEqual(client.ask(command), answer)
                self.assertEqual(client.get("k"), then)
                self.assertEqual(client.set("other", b"x"), "STORED")
                for key in ("other", "k") if then else ("other",):
                    self.assertLess(client.version_ms(key), time.time() * 1000 + day_ms)

    def test_a_server_that_is_too_old_is_said_to_be_and_used_once_it_is_not(self):
        old = self.enterContext(servers.memcached_of_the_system())
        site = self.enterContext(Site("fra", 1, JOURNAL, [old]))
        client = self.client(site)
        for _ in range(3):
            for command in (b"set n 0 0 1\r\n5", b"incr n 1", b"delete n", b"add n 0 0 1\r\n5", b"touch n 5"):
                self.assertRegex(client.ask(command), "^SERVER_ERROR server .* is too old to keep versions, which memcached 1.6.27 and later do, not_done$")
        self.assertIsNone(client.get("n"))
        self.assertIn("it is memcached 1.6.18, which keeps no versions: 1.6.27 or later is needed", site.output())
        with old.connect() as connection:
            connection.sendall(b"stats\r\n")
            said = connection.makefile("rb")
            figures = dict(line.split()[1:] for line in iter(said.readline, b"END\r\n"))
        self.assertEqual((figures[b"cmd_set"], figures[b"cmd_touch"]), (b"0", b"0"))
        old.stop()
        self.enterContext(servers.oracle(port=old.port))
        until(lambda: client.set("n", b"5") == "STORED")
        self.assertEqual(client.ask(b"incr n 1"), "6")

    def test_what_a_server_that_is_down_has_is_not_taken_for_absent(self):
        servers_of_it = self.servers()[:1]
        site = self.enterContext(Site("fra", 1, JOURNAL, servers_of_it, more=""))
        client = self.client(site)
        client.set("n", b"5")
        servers_of_it[0].stop()
        for command in (b"incr n 1", b"delete n", b"append n 0 0 1\r\nx", b"touch n 5", b"set n 0 0 1\r\nx"):
            self.assertRegex(client.ask(command), "^SERVER_ERROR .*, not_done$", command)


if __name__ == "__main__":
    unittest.main()
