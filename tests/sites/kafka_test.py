"""Two sites that tell one another over Kafka."""
import subprocess
import time
import unittest

from freeze import freeze, thaw
from kafka import Kafka
from two_sites import TwoSites


class OverKafka(TwoSites, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = cls.enterClassContext(Kafka())

    def changes(self):
        self.topic = f"changes-{self._testMethodName}"
        self.broker.create_topic(self.topic, 3)
        return f'url = "kafka://{self.broker.address}"\ntopic = "{self.topic}"\ndeclare = "create"\n'

    def lose(self, site, write):
        write()
        self.broker.delete_records(self.topic)

    def test_a_site_that_missed_something_while_it_stood_still_is_emptied(self):
        one, two = self.two()
        self.subscribed(one, two)
        for _ in range(2):
            self.filled(two, one)
            before = self.times_emptied(two)
            freeze(two.process)
            try:
                for _ in range(2):      # what it has asked for before is answered with the first of them
                    self.write_all(one)
                self.broker.delete_records(self.topic)
            finally:
                thaw(two.process)
            self.assert_emptied(two, one, before)

    def publish(self, kind, key, body, when):
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))
        subprocess.run(["kcat", "-P", "-b", self.broker.address, "-t", self.topic, "-k", key, "-H", f"ce_type={kind}", "-H", f"ce_time={moment}",
                        "-H", "ce_specversion=1.0", "-H", "ce_source=test", "-H", "ce_id=1"], input=body, check=True)


if __name__ == "__main__":
    unittest.main()
