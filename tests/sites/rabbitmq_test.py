"""Two sites that tell one another over RabbitMQ."""
import os
import sys
import tempfile
import time
import unittest

try:
    import pika
except ImportError:     # another Python than Debian's; it is pure Python
    sys.path.append("/usr/lib/python3/dist-packages")
    import pika

import servers
from numbers_file import NumbersFile
from rabbitmq import RabbitMQ
from sites import Site, until
from two_sites import TwoSites


DAY_MS = 24 * 3_600_000


class OverRabbitMQ(TwoSites, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = cls.enterClassContext(RabbitMQ())

    def changes(self):
        self.exchange = f"changes-{self._testMethodName}"
        return f'url = "{self.broker.url}"\nexchange = "{self.exchange}"\nqueue_type = "quorum"\ndeclare = "create"\n'

    def changes_of(self, site):
        return self.changes() + f'queue = "{self._testMethodName}.{site}"\n'

    def two(self, stores=((), ()), **more):
        return [self.enterContext(Site(name, node, self.changes_of(name), store, **more))
                for name, node, store in (("fra", 1, stores[0]), ("nyc", 2, stores[1]))]

    def delete_queue(self, name):
        connection = pika.BlockingConnection(pika.URLParameters(self.broker.url))
        connection.channel().queue_delete(name)
        connection.close()

    def lose(self, site, write):
        self.delete_queue(f"{self._testMethodName}.{site.name}")
        write()

    def test_a_site_whose_queue_is_deleted_while_it_runs_is_emptied(self):
        one, two = self.two()
        self.subscribed(one, two)
        for _ in range(2):
            self.filled(two, one)
            before = self.times_emptied(two)
            self.delete_queue(f"{self._testMethodName}.nyc")
            self.assert_emptied(two, one, before)
        self.assertIn(f"there is no queue {self._testMethodName}.nyc now: what was told and not taken from it is gone", two.output())

    def test_a_queue_is_not_made_again_before_it_is_written_down_that_it_was_gone(self):
        one, two = self.two([(), [self.enterContext(servers.oracle())]])
        self.subscribed(one, two)
        self.filled(two, one)
        two.kill()
        name = f"{self._testMethodName}.nyc"
        self.delete_queue(name)
        in_the_way = os.path.join(two.folder, "state", "subscription.changes.new")
        os.mkdir(in_the_way)
        two.start()
        until(lambda: "subscription.changes cannot be written: Is a directory; connecting again" in two.output())
        self.assertNotIn(name, self.broker.ctl("list_queues", "name").split())
        os.rmdir(in_the_way)
        self.assert_emptied(two, one)

    def test_changes_wait_for_a_server_that_is_too_old(self):
        server = self.enterContext(servers.memcached_of_the_system())
        one, two = self.two([(), [server]])
        here, there = self.client(one), self.client(two)
        until(lambda: here.set("k", b"value") == "STORED" and "too old to keep versions, which memcached 1.6.27 and later do: what goes there waits in queue changes/waits-for/" in two.output())
        self.assertIn("is too old to keep versions", two.output())
        server.stop()
        self.enterContext(servers.oracle(port=server.port))
        until(lambda: there.get("k") == b"value")

    def test_two_processes_with_one_node_are_told(self):
        for other in ("nyc", "fra"):    # and of one site, which forgot its ${NODE}
            with Site("fra", 1, self.changes_of("fra")) as one, Site(other, 1, self.changes_of(other)) as two:
                here, there = self.client(one), self.client(two)

                def told():
                    here.set("k", b"here")
                    there.set("k", b"there")
                    return any("another process tells changes as node 1, which is this one's" in site.output() for site in (one, two))
                until(told)
                if other == "nyc":
                    self.assertEqual(there.set("theirs", b"x"), "STORED")
                    until(lambda here=here: here.get("theirs") == b"x")

    def test_a_site_whose_clock_is_a_year_ahead_carries_no_other_along(self):
        step = self.enterContext(tempfile.TemporaryDirectory()) + "/step"
        NumbersFile(step, "q").set(365 * DAY_MS)
        ahead = {**servers.preload("stepped_clock"), "STEPPED_CLOCK": step}
        one = self.enterContext(Site("fra", 1, self.changes_of("fra")))
        two = self.enterContext(Site("nyc", 2, self.changes_of("nyc"), environment=ahead))
        here, there = self.client(one), self.client(two)
        until(lambda: there.set("k", b"theirs") == "STORED" and "more than 24 hours ahead of this machine's clock" in one.output())
        self.assertGreater(there.version_ms("k"), time.time() * 1000 + 364 * DAY_MS)
        for key in ("k", "other"):
            self.assertEqual(here.set(key, b"ours"), "STORED")
            self.assertEqual(here.get(key), b"ours")
            self.assertLess(here.version_ms(key), time.time() * 1000 + DAY_MS)

    def publish(self, kind, key, body, when):
        connection = pika.BlockingConnection(pika.URLParameters(self.broker.url))
        headers = {"cloudEvents_specversion": "1.0", "cloudEvents_type": kind, "cloudEvents_source": "test", "cloudEvents_id": "1",
                   "cloudEvents_partitionkey": key,
                   "cloudEvents_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))}
        connection.channel().basic_publish(self.exchange, "", body, pika.BasicProperties(headers=headers))
        connection.close()


if __name__ == "__main__":
    unittest.main()
