"""What tests of several sites share: they start, and are compared."""
import tempfile
import time

import servers
from numbers_file import NumbersFile
from sites import Client, Site, contents, until

NAMES = ("fra", "nyc", "sin")


class SitesCase:
    """`changes(site, outbox)`: the lines of [queue.changes] of the class's broker."""

    def sites(self, stores, outbox=False, **more):
        """One for each of the stores, which are lists of memcached servers; an empty one: in memory."""
        return [self.enterContext(Site(name, node, self.changes(name, outbox), store, **more))
                for node, (name, store) in enumerate(zip(NAMES, stores), 1)]

    def two(self, stores=((), ()), **more):
        return self.sites(stores, **more)

    def clock(self, step_ms=0, stands_at_ms=0):
        """The environment of who sees such a clock."""
        clock = NumbersFile(self.enterContext(tempfile.TemporaryDirectory()) + "/clock", "2q")
        clock.set(step_ms, stands_at_ms)
        return {**servers.preload("stepped_clock"), "STEPPED_CLOCK": clock.path}

    def client(self, site):
        client = Client(site)
        self.addCleanup(client.close)
        return client

    def subscribed(self, *sites):
        """What one of them writes from now on reaches all."""
        for site in sites:
            for other in sites:
                told, heard = self.client(site), self.client(other)
                until(lambda: told.set(f"from-{site.name}", b"x") == "STORED" and heard.get(f"from-{site.name}") == b"x")

    def assert_equal_in_the_end(self, sites, keys):
        def difference():
            first, second = (contents(site, keys) for site in sites)
            return {key: (first[key], second[key]) for key in keys if first[key] != second[key]}
        equal_since = [None]    # nothing that is still under way makes them differ again

        def stays_equal():
            if difference():
                equal_since[0] = None
            elif equal_since[0] is None:
                equal_since[0] = time.monotonic()
            return equal_since[0] is not None and time.monotonic() - equal_since[0] > 1
        try:
            until(stays_equal)
        except AssertionError:
            self.fail(f"they differ: {difference()}")

    def assert_written(self, sites, writers, forgetful=()):
        """In the end each site has what these have written, and what was refused is nowhere. `forgetful`: of these some servers began
        anew, and may miss what they had."""
        possible = {key: values for writer in writers for key, values in writer.possible.items()}

        def wrong():
            there = {site.name: contents(site, possible) for site in sites}
            known = [site.name for site in sites if site not in forgetful]
            return [(key, values, {name: there[name][key] for name in there}) for key, values in possible.items()
                    if there[known[0]][key] not in values
                    or any(there[name][key] != there[known[0]][key] and (name in known or there[name][key] is not None) for name in there)]
        try:
            until(lambda: not wrong())
        except AssertionError:
            self.fail(f"(key, what it may have, what it has): {wrong()}")
