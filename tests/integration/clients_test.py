"""Real clients, as they come from Debian, against the program under test: pymemcache, and libmemcached with its memccapable."""
import sys
import unittest

import libmemcached
import servers

try:
    from pymemcache.client.base import Client, PooledClient
    from pymemcache.exceptions import MemcacheClientError
except ImportError:     # another Python than Debian's finds Debian's package here
    sys.path.append("/usr/lib/python3/dist-packages")
    try:
        from pymemcache.client.base import Client, PooledClient
        from pymemcache.exceptions import MemcacheClientError
    except ImportError:
        Client = None


class ServerCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(servers.subject())


@unittest.skipUnless(Client, "python3-pymemcache is not installed")
class Pymemcache(ServerCase):
    def setUp(self):
        self.client = Client(("127.0.0.1", self.server.port), timeout=10, connect_timeout=10)
        self.client.flush_all(noreply=False)

    def tearDown(self):
        self.client.close()

    def test_sets_without_reply_by_default(self):
        self.assertTrue(self.client.set("key", "value"))
        self.assertEqual(b"value", self.client.get("key"))

    def test_says_what_was_stored(self):
        self.assertTrue(self.client.set("key", "1", noreply=False))
        self.assertFalse(self.client.add("key", "2", noreply=False))
        self.assertTrue(self.client.add("other", "2", noreply=False))
        self.assertTrue(self.client.replace("key", "3", noreply=False))
        self.assertFalse(self.client.replace("missing", "3", noreply=False))
        self.assertTrue(self.client.append("key", "4", noreply=False))
        self.assertTrue(self.client.prepend("key", "0", noreply=False))
        self.assertEqual(b"034", self.client.get("key"))

    def test_keeps_flags_and_any_bytes(self):
        value = bytes(range(256)) * 20
        self.assertTrue(self.client.set("bytes", value, noreply=False))
        self.assertEqual(value, self.client.get("bytes"))
        self.assertTrue(self.client.set("empty", b"", noreply=False, flags=77))
        self.assertEqual(b"", self.client.get("empty", "default"))

    def test_changes_only_the_version_it_read(self):
        self.client.set("key", "1", noreply=False)
        value, cas = self.client.gets("key")
        self.assertEqual(b"1", value)
        self.assertTrue(self.client.cas("key", "2", cas, noreply=False))
        self.assertFalse(self.client.cas("key", "3", cas, noreply=False))
        self.assertIsNone(self.client.cas("missing", "3", cas, noreply=False))
        self.assertEqual(b"2", self.client.get("key"))
        self.assertEqual((None, None), self.client.gets("missing"))

    def test_counts(self):
        self.client.set("n", "9", noreply=False)
        self.assertEqual(10, self.client.incr("n", 1))
        self.assertEqual(7, self.client.decr("n", 3))
        self.assertIsNone(self.client.incr("missing", 1))
        self.client.set("word", "x", noreply=False)
        with self.assertRaises(MemcacheClientError):
            self.client.incr("word", 1)

    def test_touches_and_deletes(self):
        self.client.set("key", "1", noreply=False)
        self.assertTrue(self.client.touch("key", 100, noreply=False))
        self.assertFalse(self.client.touch("missing", 100, noreply=False))
        self.assertTrue(self.client.delete("key", noreply=False))
        self.assertFalse(self.client.delete("key", noreply=False))

    def test_gets_and_sets_many(self):
        values = {f"key-{number}": b"v%d" % number for number in range(500)}
        self.assertEqual([], self.client.set_many(values, noreply=False))
        self.assertEqual(values, self.client.get_many(list(values) + ["missing"]))
        self.assertEqual({"key-1": b"v1"}, {key: value for key, (value, _) in self.client.gets_many(["key-1", "missing"]).items()})
        self.assertTrue(self.client.delete_many(["key-1", "key-2"], noreply=False))
        self.assertEqual({"key-3": b"v3"}, self.client.get_many(["key-1", "key-2", "key-3"]))

    def test_flushes(self):
        self.client.set("key", "1", noreply=False)
        self.assertTrue(self.client.flush_all(noreply=False))
        self.assertIsNone(self.client.get("key"))

    def test_reads_version_and_statistics(self):
        self.assertRegex(self.client.version(), rb"^\d+\.\d+\.\d+")
        statistics = self.client.stats()
        for name in (b"pid", b"uptime", b"cmd_get", b"curr_items", b"limit_maxbytes"):
            self.assertIsInstance(statistics[name], int)
        self.assertIn(b"item_size_max", self.client.stats("settings"))

    def test_refuses_what_is_too_large_and_goes_on(self):
        with self.assertRaises(Exception):
            self.client.set("large", b"x" * 2_000_000, noreply=False)
        self.assertTrue(self.client.set("small", b"x", noreply=False))

    def test_works_from_a_pool(self):
        pool = PooledClient(("127.0.0.1", self.server.port), max_pool_size=4, timeout=10)
        self.assertTrue(pool.set("pooled", "1", noreply=False))
        self.assertEqual(b"1", pool.get("pooled"))
        pool.close()


class Libmemcached(ServerCase):
    maxDiff = None

    def test_an_application_runs_on_it_unchanged(self):
        self.assertEqual("", libmemcached.run_application(self.server.port))

    def test_the_same_application_runs_on_memcached(self):
        with servers.oracle() as memcached:
            self.assertEqual("", libmemcached.run_application(memcached.port))

    def test_the_text_protocol_passes_whole(self):
        self.assertEqual("", libmemcached.text_protocol_faults(self.server.port))


if __name__ == "__main__":
    unittest.main()
