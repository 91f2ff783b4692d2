"""Two sites that tell one another over RabbitMQ."""
import sys
import time
import unittest

try:
    import pika
except ImportError:     # another Python than Debian's; it is pure Python
    sys.path.append("/usr/lib/python3/dist-packages")
    import pika

import servers
from rabbitmq import RabbitMQ
from sites import Site, until
from two_sites import TwoSites


class OverRabbitMQ(TwoSites, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = cls.enterClassContext(RabbitMQ())

    def changes(self):
        self.exchange = f"changes-{self._testMethodName}"
        return f'url = "{self.broker.url}"\nexchange = "{self.exchange}"\nqueue_type = "quorum"\ndeclare = "create"\n'

    def two(self, stores=((), ()), **more):
        made = []
        for name, node, store in (("fra", 1, stores[0]), ("nyc", 2, stores[1])):
            changes = self.changes() + f'queue = "{self._testMethodName}.{name}"\n'
            made.append(self.enterContext(Site(name, node, changes, store, **more)))
        return made

    def test_changes_wait_for_a_server_that_is_too_old(self):
        server = self.enterContext(servers.memcached_of_the_system())
        one, two = self.two([(), [server]])
        here, there = self.client(one), self.client(two)
        until(lambda: here.set("k", b"value") == "STORED" and "changes wait, server" in two.output())
        self.assertIn("is too old to keep versions", two.output())
        server.stop()
        self.enterContext(servers.oracle(port=server.port))
        until(lambda: there.get("k") == b"value")

    def publish(self, kind, key, body, when):
        connection = pika.BlockingConnection(pika.URLParameters(self.broker.url))
        headers = {"cloudEvents_specversion": "1.0", "cloudEvents_type": kind, "cloudEvents_source": "test", "cloudEvents_id": "1",
                   "cloudEvents_partitionkey": key,
                   "cloudEvents_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))}
        connection.channel().basic_publish(self.exchange, "", body, pika.BasicProperties(headers=headers))
        connection.close()


if __name__ == "__main__":
    unittest.main()
