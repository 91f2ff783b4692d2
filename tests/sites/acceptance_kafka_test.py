"""What sites promise, over Kafka."""
import unittest

from acceptance import Acceptance
from over_brokers import OverKafka


class AcceptedOverKafka(OverKafka, Acceptance, unittest.TestCase):
    pass


if __name__ == "__main__":
    unittest.main()
