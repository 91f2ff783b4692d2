"""A pool of servers through the program under test and through libmemcached: both find every key where the other has put it."""
import os
import random
import unittest

import libmemcached
import servers

PROGRAM = os.environ["FRESHET"]
WEIGHTS = (1, 2, 1, 1)  # the last one is reached by a Unix socket
KEYS = 100_000
AT_ONCE = 200           # requests on their way; their answers fit into a socket's buffer


def make_keys(prefix):
    """Of all lengths, but most are short."""
    draw = random.Random(prefix)
    letters = bytes(byte for byte in range(ord("!"), 256) if byte != 0x7f)
    keys = []
    for number in range(KEYS):
        start = b"%s:%d:" % (prefix.encode(), number)
        length = draw.randrange(250 - len(start)) if number % 10 == 0 else draw.randrange(40)
        keys.append(start + bytes(draw.choices(letters, k=length)))
    return keys


def slices(keys, size):
    for start in range(0, len(keys), size):
        yield keys[start:start + size]


def write_through(server, keys):
    """How many were stored."""
    stored = 0
    with server.connect() as connection, connection.makefile("rb") as answers:
        for some in slices(keys, AT_ONCE):
            requests = []
            for key in some:
                flags, value = libmemcached.item_of(key)
                requests.append(b"set %s %d 0 %d\r\n%s\r\n" % (key, flags, len(value), value))
            connection.sendall(b"".join(requests))
            stored += sum(answers.readline() == b"STORED\r\n" for _ in some)
    return stored


def read_answer(answers):
    """The items of one get, by key."""
    items = {}
    while (line := answers.readline()) != b"END\r\n":
        word, key, flags, size = line.split(b" ")
        if word != b"VALUE":
            raise AssertionError(f"not an answer to get: {line}")
        value = answers.read(int(size) + 2)
        items[key] = (int(flags), value[:-2])
    return items


def read_through(server, keys, keys_per_get):
    """How many had the value that belongs to them, another, and none."""
    right = wrong = 0
    with server.connect() as connection, connection.makefile("rb") as answers:
        for some in slices(keys, AT_ONCE):
            gets = list(slices(some, keys_per_get))
            connection.sendall(b"".join(b"get " + b" ".join(get) + b"\r\n" for get in gets))
            for get in gets:
                items = read_answer(answers)
                if not items.keys() <= set(get):
                    raise AssertionError(f"asked for {get}, told of {items.keys()}")
                found = sum(items[key] == libmemcached.item_of(key) for key in items)
                right += found
                wrong += len(items) - found
    return right, wrong, len(keys) - right - wrong


def front(kind, members, more=""):
    """The program under test before these servers."""
    places = (f"unix:{member.path}" if member.path else f"memcached://127.0.0.1:{member.port}" for member in members)
    urls = ", ".join(f'"{place}?weight={weight}"' for place, weight in zip(places, WEIGHTS))

    def arguments(port, folder):
        path = os.path.join(folder, "freshet.toml")
        with open(path, "w", encoding="utf-8") as to:
            to.write(f'[store.main]\nurl = [{urls}]\n{servers.PATIENT}hash = "{kind}"\nflush_all = true\n{more}\n')
        return [PROGRAM, "serve", "-c", path, "--listen", f"127.0.0.1:{port}", "--state", os.path.join(folder, "state")]

    return servers.Server("freshet", arguments)


class Cases:            # a class around them, or unittest would run them without a kind
    class Pool(unittest.TestCase):
        kind = None
        maxDiff = None

        @classmethod
        def setUpClass(cls):
            last = len(WEIGHTS) - 1
            cls.members = [cls.enterClassContext(servers.oracle(on_socket=i == last)) for i in range(len(WEIGHTS))]
            cls.names = [f"{member.path or f'127.0.0.1:{member.port}'}:{weight}"
                         for member, weight in zip(cls.members, WEIGHTS)]
            cls.pool = libmemcached.Pool(cls.kind, cls.names)
            cls.front = cls.enterClassContext(front(cls.kind, cls.members))

        def test_what_is_written_through_it_libmemcached_finds(self):
            keys = make_keys("through")
            self.assertEqual(KEYS, write_through(self.front, keys))
            self.assertEqual((KEYS, 0, 0), self.pool.read(keys))

        def test_what_libmemcached_writes_is_found_through_it(self):
            keys = make_keys("direct")
            self.pool.write(keys)
            self.assertEqual((KEYS, 0, 0), read_through(self.front, keys, 1))
            self.assertEqual((KEYS, 0, 0), read_through(self.front, keys, 20))

        def test_what_is_written_through_it_lies_on_no_other_server(self):
            keys = make_keys("once")
            write_through(self.front, keys)
            places = self.pool.place(keys)
            for number, name in enumerate(self.names):
                its = places.count(number)
                self.assertGreater(its, 0)
                self.assertEqual((its, 0, KEYS - its), libmemcached.Pool(self.kind, [name]).read(keys))

        def test_with_a_hash_tag_a_key_lies_where_its_tag_would(self):
            tagged = self.enterContext(front(self.kind, self.members, 'hash_tag = "{}"'))
            tags = [b"%d" % number for number in range(1000)]
            keys = {tag: [b"user:{%s}:%s" % (tag, field) for field in (b"name", b"mail")] for tag in tags}
            self.assertEqual(2 * len(tags), write_through(tagged, sum(keys.values(), [])))
            places = dict(zip(tags, self.pool.place(tags)))
            for number, name in enumerate(self.names):
                its = sum((keys[tag] for tag in tags if places[tag] == number), [])
                self.assertGreater(len(its), 0)
                self.assertEqual((len(its), 0, 0), libmemcached.Pool(self.kind, [name]).read(its))

        def test_an_application_runs_on_it_unchanged(self):
            self.assertEqual("", libmemcached.run_application(self.front.port))

        def test_the_text_protocol_passes_whole(self):
            self.assertEqual("", libmemcached.text_protocol_faults(self.front.port))


class Ketama(Cases.Pool):
    kind = "ketama"


class Modula(Cases.Pool):
    kind = "modula"


if __name__ == "__main__":
    unittest.main()
