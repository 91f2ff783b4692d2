"""Two sites that tell one another over Kafka."""
import unittest

from freeze import freeze, thaw
from over_brokers import OverKafka
from two_sites import TwoSites


class TwoSitesOverKafka(OverKafka, TwoSites, unittest.TestCase):
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


if __name__ == "__main__":
    unittest.main()
