"""freshet demo over real brokers, with its fourth scenario: two sites."""
import json
import os
import subprocess
import sys
import unittest

import kafka
import servers

RUN_DEMO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support/run_demo.py")
LIMIT = 600


class OverBrokers(unittest.TestCase):
    def sites_over(self, broker):
        servers.memcached_program()
        done = subprocess.run([sys.executable, RUN_DEMO, broker, os.environ["FRESHET"], "--json"], capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        said = json.loads(done.stdout.splitlines()[-1])
        self.assertEqual(said["asynchronous"]["lost"], 0)
        sites = said["sites"]
        self.assertEqual((sites["unread"], sites["differing"], sites["wrong"]), (0, 0, 0))
        self.assertGreater(sites["records"], 0)
        self.assertGreaterEqual(sites["keys"], sites["records"])
        self.assertGreater(sites["under_way_at_kill"], 0)
        self.assertGreater(sites["told_meanwhile"], 0)
        self.assertIsNotNone(sites["caught_up_seconds"])
        self.assertGreater(sites["told_beyond_cut"], 0)
        self.assertIsNotNone(sites["healed_seconds"])
        self.assertEqual(sites["answered_at_cut"], 0)
        self.assertGreater(sites["not_done"] + sites["maybe_done"], 0)
        told, readable = said["table"][-2:]
        self.assertEqual(told["requests"], sites["records"] + sites["not_stored"])
        self.assertEqual(readable["messages"], sites["records"])
        self.assertIsNotNone(readable["D_us"]["p50"])

    def test_rabbitmq(self):
        self.sites_over("rabbitmq")

    def test_kafka(self):
        kafka.kafka_folder()
        self.sites_over("kafka")


if __name__ == "__main__":
    unittest.main()
