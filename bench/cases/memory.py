"""Growth of resident memory over 1,000,000 items of 100 B with keys of 30 bytes."""

import time

from servers import freshet, memcached
from table import Row, mebibytes

ITEMS = 1_000_000


def run(bench):
    growth = {}
    for start in (lambda: freshet(bench.freshet, size="1GiB"), memcached):
        with start() as server:
            bench.say(f"memory: {server.name}")
            bench.generators.load(server, requests=1000)
            before = server.memory_bytes()
            figures = bench.generators.load(server, fill=True, keys=ITEMS, depth=16, requests=ITEMS, ratio="1:0")
            time.sleep(1)  # memcached moves its table to a larger one in the background
            growth[server.name] = server.memory_bytes() - before
            lost = figures["misses"]
            if lost:
                yield Row(f"memory: {server.name} lost items", str(lost), "", "of 1,000,000 reads", "0", False)
    ours, peer = growth["freshet"], growth["memcached"]
    yield Row(
        "memory, 1,000,000 items of 100 B",
        f"{mebibytes(ours)} {ours / ITEMS:.0f} B each",
        f"{mebibytes(peer)} {peer / ITEMS:.0f} B each",
        f"{ours / peer:.3f}",
        "<= 1",
        ours <= peer,
    )
