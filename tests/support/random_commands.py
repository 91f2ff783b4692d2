"""Random commands of the memcached protocol, classic and meta: valid ones, and every sort of invalid one.

A command is a list of pieces: bytes, or a LastCas that becomes the CAS value which the addressed server gave last.
"""
import base64
import contextlib
import time

PLAIN_KEYS = [b"a"] * 5 + [b"b"] * 2 + [b"c"] + [b"n"] * 5 + [b"m", b"k" * 250]
NUMBER_KEYS = [b"n", b"m"]
BINARY_KEYS = [b"a", b"b", b"\x00\x01\xff", b"with blank", b"n"]
KEYS = sorted(set(PLAIN_KEYS + BINARY_KEYS))
UNPRINTABLE_KEYS = [base64.b64encode(key) for key in (b"\x00\x01\xff", b"with blank")]
LONG_KEY = b"l" * 251
SMALL_CAS = [b"0", b"1", b"7", b"49", b"50"]
LARGE_CAS = [b"4611686018427387904", b"4611686018427387999", b"9223372036854775807", b"9223372036854775808",
             b"18446744073709551615"]
BAD_NUMBERS = [b"x", b"-1", b"1x", b"99999999999999999999", b"18446744073709551616", b"+3", b"007", b"1.5", b"0x1", b"-0", b"\t2"]
# No lifetime ends while a test runs, and none is so near to a recache time that a tick of the clock would decide.
LIFETIMES = [b"0"] * 6 + [b"100", b"1000", b"1000", b"50000", b"2592000", b"4294967396", b"2592001", b"-1"]
RECACHE = [b"30", b"300", b"5000", b"0", b"-1", b"2592001"]
PAD = b"mn\r\n" * 30    # what a command may take for its data when its length was too large


class LastCas:
    def __init__(self, key):
        """The key as it is sent: plain, or in base64."""
        self.key = key
        with contextlib.suppress(ValueError):
            decoded = base64.b64decode(key, validate=True)
            self.key = decoded if decoded in BINARY_KEYS else key


class Command:
    def __init__(self, *pieces, alone=False, risky=False, closes=False):
        self.pieces = pieces
        self.alone = alone      # compared only when every earlier answer has left the server
        self.risky = risky      # may take what follows for data
        self.closes = closes    # the server may close
        self.large = sum(len(piece) for piece in pieces if isinstance(piece, bytes)) > 1500

    def resolve(self, cas_of):
        return b"".join(piece if isinstance(piece, bytes) else b"%d" % cas_of(piece.key) for piece in self.pieces)

    def __repr__(self):
        parts = (repr(piece)[1:] if isinstance(piece, bytes) else f"<cas of {piece.key!r}>" for piece in self.pieces)
        return " ".join(part if len(part) < 200 else f"{part[:80]}...{part[-40:]}" for part in parts)


class Generator:
    def __init__(self, random, through_pool=False):
        self.random = random
        # Where a classic get goes to the servers as mg, it takes the token of a stale item; and a key that needs
        # base64 is told so, always. docs/differences.md
        self.without = set()
        self.classic = True
        if through_pool:
            self.without.add(b"x")
            self.classic = random.random() < 0.5
            if self.classic:
                self.without.add(b"I")
        self.now = int(time.time())
        self.faults = True

    # --- small choices
    def chance(self, part):
        return self.random.random() < part

    def choice(self, values):
        return self.random.choice(values)

    def fault(self, part):
        return self.faults and self.chance(part)

    def key(self):
        return LONG_KEY if self.fault(0.005) else self.choice(PLAIN_KEYS)

    def lifetime(self):
        if self.chance(0.1):
            return b"%d" % (self.now + self.choice([-5000, 20000, 20000, 90000]))
        return self.choice(LIFETIMES)

    def number(self):
        return b"%d" % self.choice([0, 1, 2, 9, 10, 99, 100, 12345, self.random.randrange(1_000_000)])

    def value(self, key=None):
        """Never nothing but blanks: memcached's arithmetic reads on behind such a value."""
        value = self.some_value(key)
        return value if value.strip() or not value else b"w"

    def some_value(self, key):
        if key in NUMBER_KEYS and self.chance(0.7):
            return self.number()
        kind = self.random.random()
        if kind < 0.35:
            return self.choice([b"0", b"1", b"9", b"99", b"10", b"1000", b"5 ", b" 7", b"3x", b"-4", b"+8", b"12 34", b"0009", b"5\t", b"2\r"])
        if kind < 0.9:
            return self.random.randbytes(self.choice([0, 1, 2, 5, 10, 20, 60]))
        if kind < 0.985:
            return self.random.randbytes(self.choice([200, 1000, 1024, 2048, 4096, 5000, 16_000, 16_384]))
        return self.random.randbytes(self.choice([60_000, 70_000, 200_000])) if kind < 0.998 else b"v" * self.choice([524_000, 600_000, 1_000_000])

    def cas(self, key):
        if self.chance(0.7):
            return LastCas(key)
        return self.choice(SMALL_CAS + LARGE_CAS)

    def spoil(self, number, part=0.04):
        return self.choice(BAD_NUMBERS) if self.fault(part) else number

    def noreply(self, part=0.12):
        return b" noreply" if self.chance(part) else b""

    # --- classic
    def storage(self):
        verb = self.choice([b"set", b"set", b"set", b"add", b"replace", b"append", b"prepend", b"cas", b"cas"])
        key = self.key()
        value = self.value(key)
        flags = self.choice([b"0", b"0", b"1", b"77", b"4294967295", b"4294967296"])
        length, exptime = b"%d" % len(value), self.lifetime()
        spoiled = [self.spoil(flags), self.spoil(exptime), self.spoil(length, 0.02)]
        risky = spoiled != [flags, exptime, length] or key == LONG_KEY
        if risky and len(value) > 60:
            value = value[:self.random.randrange(60)]
            spoiled[2] = b"%d" % len(value) if spoiled[2] == length else spoiled[2]
        head = [verb + b" " + key + b" " + b" ".join(spoiled)]
        if verb == b"cas":
            head += [b" ", self.cas(key)] if not self.chance(0.03) else [b" ", self.choice(BAD_NUMBERS)]
            risky = risky or head[-1] in BAD_NUMBERS
            if risky and len(value) > 60:
                value, head[0] = b"v", verb + b" " + key + b" 0 0 1"
        return self.with_data(head, value, self.noreply(), risky)

    def with_data(self, head, value, tail, risky):
        end = b"\r\n"
        if len(value) <= 60 and self.fault(0.04):      # too short, too long, or with another end
            value, end, risky = self.choice([(value[1:], end, True), (value + b"y", end, True), (value, b"\n", True), (value, b"xy", True),
                                             (value + b"yyy\r\n" + (b"get a" if self.classic else b"mg a s"), end, True)])
        return Command(*head, tail + self.choice([b"\r\n"] * 20 + [b"\n", b" \r\n"]) + value + end, risky=risky)

    def too_large(self):
        value = b"z" * self.choice([1_048_676, 1_100_000, 2_000_000])
        head = self.choice([b"set a 0 0 %d", b"add a 0 0 %d", b"append b 0 0 %d", b"replace c 0 0 %d noreply", b"ms a %d", b"ms b %d q ME", b"ms c %d k O1 C5"])
        return Command(head % len(value) + b"\r\n" + value + b"\r\n")

    def retrieval(self):
        verb = self.choice([b"get", b"get", b"gets", b"gets", b"gat", b"gats", b"bget"])
        keys = [self.key() for _ in range(self.choice([1, 1, 1, 2, 3, 5, 30]))]
        if verb not in (b"get", b"gets"):       # these lines may be of any length
            keys = keys[:7]
        keys.sort(key=lambda key: key != LONG_KEY)      # memcached has read, and touched, what stands before a key that is too long
        middle = b" " + self.spoil(self.lifetime()) if verb in (b"gat", b"gats") else b""
        return Command(verb + middle + b" " + b" ".join(keys) + b"\r\n", alone=LONG_KEY in keys)

    def arithmetic(self):
        key = self.choice(NUMBER_KEYS + NUMBER_KEYS + PLAIN_KEYS)
        return Command(self.choice([b"incr ", b"decr "]) + key + b" " + self.spoil(self.number()) + self.noreply() + b"\r\n", alone=True)

    def other(self):
        key = self.key()
        return Command(self.choice([
            b"delete %s" % key, b"delete %s" % key, b"delete %s 0" % key, b"delete %s 1" % key, b"delete %s 0 noreply" % key,
            b"touch %s %s" % (key, self.spoil(self.lifetime())), b"touch %s %s" % (key, self.lifetime()), b"version", b"verbosity 0",
            b"verbosity x", b"flush_all x", b"flush_all 5000", b"flush_all 2592001", b"mn", b"mn %s" % key, b"stats reset", b"stats nothing"])
            + self.noreply(0.2) + b"\r\n")

    def flush(self):
        return Command(self.choice([b"flush_all", b"flush_all 0", b"flush_all noreply", b"flush_all -5"]) + b"\r\n", alone=True)

    def broken(self):
        """A line of well-known words in no sensible order or number."""
        words = [b"set", b"get", b"gat", b"mg", b"ms", b"md", b"ma", b"me", b"mn", b"incr", b"decr", b"delete", b"touch", b"cas", b"add", b"append",
                 b"a", b"b", b"0", b"1", b"2", b"-1", b"noreply", b"v", b"k", b"q", b"\x01", b"a\0b", b"\xff", b"GET", b"flush", b"x" * 30, b""]
        if not self.classic:    # in the right order they would be classic gets after all
            words = [word for word in words if word not in (b"get", b"gat", b"touch")]
        line = b" ".join(self.choice(words) for _ in range(self.choice([1, 1, 2, 3, 4, 5, 6, 8])))
        return Command(line + self.choice([b"\r\n", b"\r\n", b"\n", b"\r\r\n"]), risky=True, alone=True)

    # --- meta
    def meta_key(self, flags):
        """The key as it is sent; appends the flag b when it is in base64."""
        if not self.chance(0.2):
            return self.key()
        flags.append(b"b")
        if self.fault(0.03):
            return self.choice([b"a", b"YQ", b"YQ=", b"!!!!", b"YQ===", b"=", b"YWJjZ"])
        return base64.b64encode(self.choice(BINARY_KEYS))

    def opaque(self, too_long=True):
        """memcached finds out late that one is too long: mg and ma may have changed the item by then."""
        return self.random.randbytes(4).hex().encode()[:self.choice([0, 1, 4, 8])] + (b"o" * self.choice([20, 31, 32]) if too_long and self.fault(0.04) else b"")

    def meta_flags(self, wanted, key):
        """Some of the wanted flags, in any order, now and then with a fault."""
        flags = []
        hidden = self.without and key in UNPRINTABLE_KEYS
        for flag, make in wanted.items():
            if flag not in self.without and not (hidden and flag == b"k") and self.chance(make if isinstance(make, float) else make[0]):
                flags.append([flag] if isinstance(make, float) else [flag, make[1](key)])
        if self.fault(0.05):
            flags.append(self.choice([[b"z"], [b"S"], [b"W"], [b"\xff"], [b"q" if hidden else b"kk"], [b"vx"], [b"noreply"], [b"T", b"x"], [b"T"], [b"N", b"x"], [b"R", b"x"], [b"C", b"x"],
                                      [b"E", b"x"], [b"F", b"x"], [b"D", b"x"], [b"J", b"x"], [b"M"], [b"M", b"xx"], [b"M", b"x"], [b"E"], [b"C"], [b"P", b"1"], [b"L"]]))
        if flags and self.fault(0.02):
            flags.append(self.choice(flags))
        if self.fault(0.005) and not self.without:
            flags += [[b"u"], [b"l"], [b"h"], [b"P"], [b"L"], [b"x"], [b"I"], [b"J", b"1"], [b"D", b"1"], [b"F", b"1"], [b"M", b"S"], [b"f"], [b"t"]]
        return flags

    def meta(self, command, key, length, flags, extra):
        flags = flags + [[flag] for flag in extra]
        self.random.shuffle(flags)
        pieces = [command + b" " + key + length]
        for flag in flags:
            pieces += [b" "] + flag
        return pieces

    def a_cas(self, key):
        return self.cas(key)

    def common(self, too_long=True):
        return {b"k": 0.4, b"O": (0.2, lambda key: self.opaque(too_long)), b"q": 0.15}

    def mg(self):
        extra = []
        key = self.meta_key(extra)
        flags = self.meta_flags({
            **self.common(False), b"v": 0.5, b"s": 0.2, b"t": 0.3, b"c": 0.4, b"f": 0.2, b"h": 0.2, b"l": 0.1, b"u": 0.05,
            b"T": (0.08, lambda key: self.lifetime()), b"N": (0.12, lambda key: self.lifetime()), b"R": (0.15, lambda key: self.choice(RECACHE)),
            b"E": (0.05, self.explicit), b"C": (0.02, self.a_cas), b"x": 0.01, b"I": 0.01, b"M": (0.01, lambda key: b"S")}, key)
        return Command(*self.meta(b"mg", key, b"", flags, extra), b"\r\n")

    def explicit(self, key):
        return self.choice(SMALL_CAS + LARGE_CAS)

    def ms(self):
        # After an ms with E that fails, memcached gives that CAS to the connection's next classic set: so E has no faults beside it.
        self.faults = self.chance(0.7)
        extra = []
        key = self.meta_key(extra)
        value = self.value(key)
        wanted = {
            **self.common(), b"c": 0.2, b"s": 0.1, b"T": (0.3, lambda key: self.lifetime()), b"F": (0.2, lambda key: self.choice([b"0", b"5", b"4294967295"])),
            b"C": (0.3, self.a_cas), b"I": 0.15, b"N": (0.15, lambda key: self.lifetime()), b"v": 0.02, b"x": 0.02, b"t": 0.02, b"u": 0.02,
            b"M": (0.4, lambda key: self.choice([b"S", b"E", b"A", b"A", b"P", b"R"] + [b"a", b"X"] * self.faults))}
        if not self.faults:
            wanted[b"E"] = (0.8, self.explicit)
        flags = self.meta_flags(wanted, key)
        length = b"%d" % len(value)
        spoiled = self.spoil(length, 0.02)
        risky = spoiled != length or key == LONG_KEY or len(flags) + len(extra) > 10
        if risky and len(value) > 60:
            value = value[:self.random.randrange(60)]
            spoiled = b"%d" % len(value) if spoiled == length else spoiled
        command = self.with_data(self.meta(b"ms", key, b" " + spoiled, flags, extra), value, b"", risky)
        self.faults = True
        return command

    def md(self):
        extra = []
        key = self.meta_key(extra)
        flags = self.meta_flags({
            **self.common(), b"I": 0.4, b"T": (0.3, lambda key: self.lifetime()), b"C": (0.2, self.a_cas), b"E": (0.2, self.explicit), b"x": 0.2,
            b"F": (0.1, lambda key: b"3"), b"v": 0.03, b"N": (0.03, lambda key: b"100")}, key)
        return Command(*self.meta(b"md", key, b"", flags, extra), b"\r\n")

    def ma(self):
        extra = []
        key = self.meta_key(extra)
        if key in PLAIN_KEYS and self.chance(0.7):
            key = self.choice(NUMBER_KEYS)
        flags = self.meta_flags({
            **self.common(False), b"v": 0.5, b"t": 0.3, b"c": 0.2, b"M": (0.4, lambda key: self.choice([b"I", b"+", b"D", b"-", b"i", b"x"])),
            b"D": (0.4, lambda key: self.number()), b"J": (0.3, lambda key: self.number()), b"N": (0.3, lambda key: self.lifetime()),
            b"T": (0.15, lambda key: self.lifetime()), b"C": (0.15, self.a_cas), b"E": (0.15, self.explicit), b"I": 0.02, b"s": 0.02}, key)
        return Command(*self.meta(b"ma", key, b"", flags, extra), b"\r\n", alone=True)

    def me(self):
        extra = []
        key = self.meta_key(extra)
        flags = extra + [self.choice([b"k", b"q", b"v", b"Oabc"])] if self.chance(0.2) else extra
        return Command(b" ".join([b"me", key] + flags) + b"\r\n")

    def closing(self):
        return Command(self.choice([b"quit\r\n", b"quit now\r\nget a\r\n", b"GET / HTTP/1.1\r\n", b"a" * 2100, b"mg " + b"a " * 1100, b"quit\r\n"]),
                       closes=True, alone=True)

    def command(self):
        kind = self.random.random()
        if not self.classic and 0.17 <= kind < 0.45:
            kind += 0.28
        for part, make in ((0.17, self.storage), (0.15, self.retrieval), (0.06, self.arithmetic), (0.07, self.other), (0.16, self.mg),
                           (0.16, self.ms), (0.07, self.md), (0.07, self.ma), (0.04, self.me), (0.04, self.broken), (0.004, self.flush), (0.002, self.closing),
                           (0.002, self.too_large)):
            if kind < part:
                return make()
            kind -= part
        return self.mg()


class ToldGenerator(Generator):
    """What a route with `publish` answers as memcached does: without what is Freshet's own there or of fills, and without what only
    this site is told (flush_all; how a key was written). docs/sites.md"""

    def __init__(self, random, through_pool=False):
        super().__init__(random, through_pool)
        self.without |= {b"E", b"I", b"x", b"N", b"R", b"h", b"l"}

    def meta_key(self, flags):
        return self.key()

    def meta_flags(self, wanted, key):
        faults, self.faults = self.faults, False
        try:
            return super().meta_flags(wanted, key)
        finally:
            self.faults = faults

    def ma(self):
        self.without.add(b"T")      # a time that is over is shown as memcached's 32 bits
        try:
            return super().ma()
        finally:
            self.without.discard(b"T")

    def other(self):
        while True:
            command = super().other()
            if not command.pieces[0].startswith(b"flush_all"):
                return command

    def me(self):
        return self.mg()

    def broken(self):
        while True:
            command = super().broken()
            if b" x" not in command.pieces[0]:
                return command

    def flush(self):
        return self.mg()
