"""What sites promise, over RabbitMQ."""
import unittest

from acceptance import Acceptance
from over_brokers import OverRabbitMQ


class AcceptedOverRabbitMQ(OverRabbitMQ, Acceptance, unittest.TestCase):
    pass


if __name__ == "__main__":
    unittest.main()
