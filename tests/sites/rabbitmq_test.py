"""Two sites that tell one another over RabbitMQ."""
import os
import time
import unittest

import servers
from over_brokers import OverRabbitMQ
from sites import Site, until
from two_sites import TwoSites

DAY_MS = 24 * 3_600_000


class TwoSitesOverRabbitMQ(OverRabbitMQ, TwoSites, unittest.TestCase):
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

    def test_an_exchange_that_is_gone_is_said_once(self):
        one, two = self.two()
        self.subscribed(one, two)
        self.delete_exchange()
        here = self.client(one)
        refused = 0
        while refused < 10:     # each ends the connection on which it was published
            refused += here.set("k", b"x") != "STORED"
        self.assertEqual(one.output().count("no exchange"), 1, one.output())

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
            with Site("fra", 1, self.changes("fra")) as one, Site(other, 1, self.changes(other)) as two:
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
        one = self.enterContext(Site("fra", 1, self.changes("fra")))
        two = self.enterContext(Site("nyc", 2, self.changes("nyc"), environment=self.clock(365 * DAY_MS)))
        here, there = self.client(one), self.client(two)
        until(lambda: there.set("k", b"theirs") == "STORED" and "more than 24 hours ahead of this machine's clock" in one.output())
        self.assertGreater(there.version_ms("k"), time.time() * 1000 + 364 * DAY_MS)
        for key in ("k", "other"):
            self.assertEqual(here.set(key, b"ours"), "STORED")
            self.assertEqual(here.get(key), b"ours")
            self.assertLess(here.version_ms(key), time.time() * 1000 + DAY_MS)


if __name__ == "__main__":
    unittest.main()
