"""Chaos at two sites, over each broker in its turn. CHAOS_SECONDS in all, CHAOS_SEED: see scripts/chaos."""
import unittest

from chaos import Chaos
from over_brokers import OverKafka, OverRabbitMQ


class ChaosOverRabbitMQ(OverRabbitMQ, Chaos, unittest.TestCase):
    pass


class ChaosOverKafka(OverKafka, Chaos, unittest.TestCase):
    pass


if __name__ == "__main__":
    unittest.main()
