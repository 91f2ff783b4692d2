"""Hit rate at equal growth of resident memory: zipf 0.99 over 1,000,000 keys, a get that misses is followed by a set."""

from servers import CannotRun, freshet, memcached
from table import Row, mebibytes

MEMCACHED_MEGABYTES = 32
TOLERANCE = 0.01  # of the memory
TRIES = 6
NOISE = 0.0002  # two runs of the same program differ by this much


def run(bench):
    for one_hit in (0.5, 0.0):
        size = None
        for seed in bench.seeds:
            bench.say(f"hit rate: one-hit share {one_hit}, seed {seed}")
            with memcached(MEMCACHED_MEGABYTES) as server:
                peer = measure(bench, server, one_hit, seed)
            size, ours = equal_memory(bench, size or peer["grown"], peer["grown"], one_hit, seed)
            difference = ours["hit_rate"] - peer["hit_rate"]
            yield Row(
                f"hit rate, {'half one-hit' if one_hit else 'no one-hits'}, seed {seed}",
                cell(ours),
                cell(peer),
                f"{difference * 100:+.2f} points",
                "above" if one_hit else "no worse",
                difference > 0 if one_hit else difference >= -NOISE,
                f"memory {ours['grown'] / peer['grown']:.3f} of the peer's",
            )


def equal_memory(bench, size, wanted, one_hit, seed):
    """Runs with stores of different sizes until the memory grows as much as `wanted`, and never by more than the
    tolerance."""
    for _ in range(TRIES):
        with freshet(bench.freshet, size=int(size)) as server:
            ours = measure(bench, server, one_hit, seed)
        if abs(ours["grown"] / wanted - 1) <= TOLERANCE:
            return size, ours
        bench.say(f"  a store of {mebibytes(size)} grew by {mebibytes(ours['grown'])}, wanted {mebibytes(wanted)}")
        size *= wanted / ours["grown"]
    raise CannotRun(f"no size of the store makes it grow by {mebibytes(wanted)} in {TRIES} tries")


def measure(bench, server, one_hit, seed):
    bench.generators.load(server, requests=1000, keys=1000)
    before = server.memory_bytes()
    figures = bench.generators.load(
        server, connections=10, depth=64, keys=1_000_000, ratio="1:0", skew="zipf:0.99", one_hit=one_hit,
        set_on_miss=True, protocol="meta", warm_up=bench.hit_rate_requests, requests=bench.hit_rate_requests, seed=seed)
    gets = figures["hits"] + figures["misses"]
    return {"hit_rate": figures["hits"] / gets, "grown": server.memory_bytes() - before}


def cell(figures):
    return f"{figures['hit_rate']:.2%} in {mebibytes(figures['grown'])}"
