"""Fixed conversations, each replayed to memcached 1.6.38 and to the program under test on fresh connections."""
import re
import socket
import time
import unittest

import answers
import servers


K250 = b"k" * 250
K251 = b"k" * 251
MIB = 1024 * 1024


def lines(*parts):
    return b"".join(part + b"\r\n" for part in parts)


def setup(value=b"hello", key=b"a", flags=b"5", exptime=b"0"):
    return lines(b"set %s %s %s %d" % (key, flags, exptime, len(value)), value)


# Each case is (group, input, input...): every input is one write; the answers of the whole conversation are compared.
CASES = []


def case(group, *inputs):
    CASES.append((group, inputs))


def each(group, *inputs):
    for one in inputs:
        case(group, one + b"\r\n")


def each_after(group, before, *inputs):
    """Every input after the same preparation, and then the item as it is left behind."""
    for one in inputs:
        case(group, before, one + b"\r\n", b"gets a\r\nmg a s f t v\r\n")


# --- lines and unknown commands
each("line", b"", b" ", b"x", b"xx", b"GET a", b"Set a 0 0 1", b"nonsense a b c", b"get", b"gets", b"gat", b"gats", b"gat 0", b"gats 0",
     b"g", b"s", b"m", b"mm", b"mx a", b"mgx a", b"m g a", b"\ta", b"get\ta", b"bget a", b"bget", b"versionx", b"version a b", b"version",
     b"verbosity", b"verbosity 1", b"verbosity 0 noreply", b"verbosity x", b"verbosity -1", b"verbosity 1 2 3", b"verbosity noreply",
     b"verbosity 99999999999999999999", b"mn", b"mn a b", b"mn q", b"mn  ", b"slabs", b"slab x")
case("line", setup(), b"get a\n")
case("line", setup(), b"get a\r\r\n")
case("line", setup(), b"  get   a  \r\n")
case("line", b"set a 0 0 1\nx\n")
case("line", b"set a 0 0 1\nx\r\n", b"get a\n")
case("line", b"\n", b"\r\n", b"\r\r\n", b"\n\r\n", b"a\n")
case("line", b"set a\0b 0 0 1\r\nx\r\n", b"get a\r\n")
case("line", setup(), b"get a\0b\r\n", b"\0get a\r\n", b"get\0a\r\n", b"get a \0 b\r\n", b"delete a\0 x y z w\r\n")
case("line", b"set a\x01\x7f 0 0 1\r\nx\r\n", b"get a\x01\x7f\r\n", b"set \xff\xfe 0 0 1\r\ny\r\n", b"get \xff\xfe\r\n",
     b"set a\tb 0 0 1\r\nz\r\n", b"get a\tb\r\n")
case("line", b"get " + b"x " * 1500 + b"\r\n")
case("line", setup(), b"get " + b"a " * 60 + b"\r\n")
case("line", setup(), b"get " + b"a " * 1_100 + b"\r\n", b"gets " + b"none " * 300_000 + b"a\r\n", b"mn\r\n")
case("line", setup(), b"get" + b" " * 2_100 + b"\r\n", b"   get" + b" " * 2_100 + b"a \0b\r\n", b"mn\r\n")
case("line", setup(), b"gets " + b"a " * 23 + b"\r\n", b"gat 100 " + b"a " * 22 + b"\r\n", b"gat 100 " + b"a " * 30 + b"\r\n")
case("line", setup(), b"quit\r\nget a\r\n")
case("line", setup(), b"quit a b\r\nget a\r\n")
case("line", b"quit noreply\r\n")
case("line", b"GET / HTTP/1.1\r\n", b"version\r\n")
case("line", b"POST / HTTP/1.0\r\nversion\r\n")
case("line", b"a HTTP/\r\n", b"version\r\n")
case("line", b"get HTTP/1.1\r\n", b"version\r\n")
case("long line", b"a" * 2048, b"\r\n", b"version\r\n")
case("long line", b"a" * 2049)
case("long line", b"get " + b"a" * 2049, b"\r\n", b"version\r\n")
case("long line", b"get " + b"a " * 3000, b"a" * 10, b"\r\n", b"version\r\n")
case("long line", b"gets " + b"a " * 10000, b"\r\n", b"version\r\n")
case("long line", b"mg " + b"a " * 1500)
case("long line", b"gat 0 " + b"a " * 1500)
case("long line", b" " * 100 + b"get " + b"a " * 1000, b"\r\n")
case("long line", b" " * 101 + b"get " + b"a " * 1000)
case("long line", b"get " + b"a " * 40000 + b"\r\n", b"version\r\n")

# --- keys
for command in (b"get %s", b"gets %s", b"gat 0 %s", b"set %s 0 0 1", b"add %s 0 0 1", b"cas %s 0 0 1 1", b"delete %s", b"incr %s 1",
     b"decr %s 1", b"touch %s 0",
                b"mg %s", b"mg %s v", b"md %s", b"ma %s", b"me %s", b"ms %s 1"):
    case("key of 251", command % K251 + b"\r\n", b"version\r\n")
    case("key of 250", command % K250 + b"\r\n", b"x\r\n", b"version\r\n")
for command in (b"set %s 0 0 1 noreply", b"delete %s noreply", b"incr %s 1 noreply", b"touch %s 0 noreply", b"mg %s q", b"md %s q",
     b"ma %s q", b"ms %s 1 q"):
    case("key of 251", command % K251 + b"\r\n", b"version\r\n")
case("key of 251", setup(), b"get a " + K251 + b"\r\n", b"get a " + K251 + b" a\r\n", b"get miss " + K251 + b"\r\n",
     b"gets a a " + K251 + b"\r\nget a\r\n")
case("key of 251", setup(), b"gat 0 a " + K251 + b"\r\n")
case("key of 250", b"set " + K250 + b" 0 0 1\r\nx\r\n", b"get " + K250 + b"\r\nmg " + K250 + b" k v\r\nme " + K250 + b"\r\n")

# --- storage: arity and numbers
for verb in (b"set", b"add", b"replace", b"append", b"prepend"):
    each("storage arity", *[verb + rest for rest in (b"", b" a", b" a 0", b" a 0 0", b" a 0 0 1 noreply x", b" a 0 0 1 x y")])
    case("storage", verb + b" a 0 0 1 x\r\ny\r\n", b"get a\r\n")
    case("storage", verb + b" a 0 0 1 noreply\r\ny\r\n", b"get a\r\n")
    case("storage", setup(), verb + b" a 7 0 2\r\nyz\r\n", b"gets a\r\n")
    case("storage", verb + b" a 7 0 2\r\nyz\r\n", b"gets a\r\n")
    case("storage", setup(), verb + b" a 7 0 2 noreply\r\nyz\r\n", b"gets a\r\n")
each("storage arity", b"cas", b"cas a", b"cas a 0 0 1", b"cas a 0 0 1 1 noreply x")
for bad in (b"a 0 0 -1", b"a -1 0 1", b"a x 0 1", b"a 0 x 1", b"a 0 0 x", b"a 4294967296 0 1", b"a 18446744073709551616 0 1",
     b"a 4294967295 0 1", b"a 0 0 2147483647", b"a 0 0 2147483646",
            b"a 0 0 99999999999999999999", b"a 0 99999999999999999999 1", b"a 1x 0 1", b"a 0 1x 1", b"a 0 0 1x", b"a +1 +0 +1",
                b"a 0 0 -0", b"a -0 0 1", b"a 0 0 4294967297", b"a 0 4294967396 1",
            b"a 0 0 1.5", b"a 0x1 0 1", b"a 010 0 1", b"a 0 0 01", b"a -4294967295 0 1", b"a -18446744073709551615 0 1"):
    case("storage numbers", setup(), b"set " + bad + b"\r\n", b"y\r\n", b"get a\r\n")
    if b"2147483646" not in bad:
        case("storage numbers", setup(), b"set " + bad + b" noreply\r\n", b"y\r\n", b"get a\r\n")
for bad in (b"a 0 0 1 x", b"a 0 0 1 -1", b"a 0 0 1 99999999999999999999", b"a 0 0 1 0", b"a 0 0 1 1x"):
    case("storage numbers", setup(), b"cas " + bad + b"\r\n", b"y\r\n", b"get a\r\n")
    case("storage numbers", b"cas " + bad + b"\r\n", b"y\r\n", b"get a\r\n")

# --- storage: data chunks
case("data chunk", b"set a 0 0 3\r\nxy\r\n\r\n", b"get a\r\n")
case("data chunk", b"set a 0 0 3\r\nxyzw\r\n", b"get a\r\n")
case("data chunk", b"set a 0 0 3\r\nxyz\rX\n", b"get a\r\n")
case("data chunk", b"set a 0 0 3\r\nxyz\n\n", b"get a\r\n")
case("data chunk", b"set a 0 0 3\r\nxyz123456789\r\nget a\r\n")
case("data chunk", b"set a 0 0 3\r\nxyzget a\r\n")
case("data chunk", b"set a 0 0 5\r\nget a\r\n", b"get a\r\n")
case("data chunk", setup(), b"set a 0 0 3\r\nxyzw\r\n", b"get a\r\n")
case("data chunk", setup(), b"set a 0 0 3 noreply\r\nxyzw\r\n", b"get a\r\n")
case("data chunk", setup(), b"append a 0 0 3\r\nxyzw\r\n", b"get a\r\n")
case("data chunk", b"set a 0 0 0\r\n\r\n", b"get a\r\n")
case("data chunk", b"set a 0 0 0\r\nx\r\n", b"get a\r\n")
case("data chunk", b"set a 0 0 5\r\n\r\n\0\xff\n\r\n", b"get a\r\n")
case("data chunk", b"s", b"et a 0 0 3\r", b"\nx", b"yz", b"\r", b"\nget a\r\n")
case("data chunk", b"ms a 3\r\nxyzw\r\n", b"mg a v\r\n")
case("data chunk", b"ms a 3 q\r\nxyzw\r\n", b"mg a v\r\n")
case("data chunk", b"ms a 3 k Oabc\r\nxyzw\r\n", b"mg a v\r\n")
case("data chunk", setup(), b"ms a 3 MA q\r\nxyzw\r\n", b"mg a v\r\n")
case("data chunk", b"set a 0 0 600000\r\n" + b"x" * 600000 + b"yz", b"\r\nget a\r\n")

# --- too large
BIG = MIB + 100
for verb in (b"set", b"add", b"replace", b"append", b"prepend"):
    case("too large", setup(), b"%s a 0 0 %d\r\n" % (verb, BIG) + b"x" * BIG + b"\r\n", b"get a\r\n")
    case("too large", setup(), b"%s a 0 0 %d noreply\r\n" % (verb, BIG) + b"x" * BIG + b"\r\n", b"get a\r\n")
    case("too large", b"%s a 0 0 %d\r\n" % (verb, BIG) + b"x" * BIG + b"\r\n", b"get a\r\n")
case("too large", setup(), b"cas a 0 0 %d 1\r\n" % BIG + b"x" * BIG + b"\r\n", b"get a\r\n")
for flags in (b"", b" q", b" k Oabc", b" ME", b" MR", b" MA", b" MP", b" C1", b" q k O1 c s", b" I C1"):
    case("too large", setup(), b"ms a %d%s\r\n" % (BIG, flags) + b"x" * BIG + b"\r\n", b"mg a v\r\n")
case("too large", b"set a 0 0 %d\r\n" % BIG + b"x" * BIG + b"yz", b"version\r\n")
case("too large", b"set a 0 0 %d\r\n" % BIG + b"x" * BIG + b"yzw", b"version\r\n")
half = 600 * 1024
case("too large", b"set a 0 0 %d\r\n" % half + b"x" * half + b"\r\n", b"append a 0 0 %d\r\n" % half + b"x" * half + b"\r\n", b"mg a s\r\n")
case("too large", b"set a 0 0 %d\r\n" % half + b"x" * half + b"\r\n", b"ms a %d MA\r\n" % half + b"x" * half + b"\r\n", b"mg a s\r\n")
case("large", b"set a 0 0 1048000\r\n" + b"x" * 1048000 + b"\r\n", b"get a\r\n")

# --- retrieval
case("get", setup(), b"get a b a\r\n", b"gets a b\r\n", b"get b\r\n", b"gat 100 a b\r\n", b"gats 100 a\r\n", b"mg a t\r\n",
     b"gat 0 a\r\nmg a t\r\n", b"gat -1 a\r\n", b"get a\r\n")
case("get", setup(), b"gat x a\r\n", b"gats 1x a\r\n", b"gat 99999999999999999999 a\r\n", b"gat a\r\n", b"gat a a\r\n",
     b"gat  100  a\r\n", b"get a noreply\r\n", b"gat 4294967396 a\r\nmg a t\r\n")

# --- delete, touch, arithmetic
each_after("delete", setup(), b"delete", b"delete a", b"delete b", b"delete a 0", b"delete a 1", b"delete a noreply",
     b"delete a 0 noreply", b"delete a 1 noreply", b"delete a x noreply", b"delete a 0 x", b"delete a noreply x",
           b"delete a noreply noreply", b"delete a 0 noreply x", b"delete a 00", b"delete b noreply", b"delete a b")
each_after("touch", setup(), b"touch", b"touch a", b"touch a 0", b"touch a 100", b"touch a -1", b"touch a x", b"touch a 1x",
     b"touch a 100 noreply", b"touch a x noreply", b"touch b 100", b"touch b 100 noreply",
           b"touch a 100 x", b"touch a 100 noreply x", b"touch a noreply", b"touch a 99999999999999999999")
for verb in (b"incr", b"decr"):
    for value in (b"10", b"0", b"5", b"99", b"x", b"", b"1x", b"10 ", b" 10", b"-1", b"+7", b"10 x", b"1\t2", b"18446744073709551616",
        b"0010", b"1\r", b"99999999999999999999999"):
        case("arithmetic", setup(value), verb + b" a 5\r\n", b"get a\r\n")
    each_after("arithmetic", setup(b"10"), *[verb + rest for rest in (b"", b" a", b" a x", b" a -1", b" a 1x", b" a 99999999999999999999",
        b" a 18446744073709551616", b" a 1 noreply", b" a x noreply", b" a 1 x",
               b" a 1 noreply x", b" a noreply", b" b 1", b" b 1 noreply", b" a 0", b" a +1", b" a 01", b" a 1.5",
                   b" a 9223372036854775807")])
case("arithmetic", setup(b"99"), b"incr a 1\r\n", b"get a\r\n", b"decr a 1\r\n", b"get a\r\n", b"decr a 98\r\n", b"mg a s v f t\r\n",
     b"incr a 999\r\n", b"get a\r\n")
case("arithmetic", setup(b"x" * 600000), b"incr a 1\r\n")
case("arithmetic", setup(b"10"), b"append a 0 0 1\r\n0\r\n", b"incr a 1\r\n", b"get a\r\n")

# --- cas
case("cas", setup(), b"gets a\r\n", b"cas a 1 0 1 1\r\nx\r\n", b"gets a\r\n", b"cas b 1 0 1 1\r\nx\r\n",
     b"cas b 1 0 1 1 noreply\r\nx\r\n", b"cas a 1 0 1 0\r\nx\r\n", b"cas a 1 0 1 1 noreply\r\nx\r\n", b"gets a\r\n")
case("cas", b"ms a 2 E100\r\nxx\r\n", b"gets a\r\n", b"cas a 3 0 1 100\r\ny\r\n", b"get a\r\n", b"cas a 3 0 1 100\r\nz\r\n", b"get a\r\n",
     b"ms a 1 E200\r\nq\r\n", b"cas a 1 0 1 200 noreply\r\nw\r\n", b"get a\r\n", b"cas a 1 0 1 200 x\r\nw\r\n", b"get a\r\n")
case("cas", b"ms a 2 E100\r\nxx\r\n", b"append a 0 0 1\r\ny\r\n", b"cas a 3 0 1 100\r\ny\r\n", b"get a\r\n")
case("cas", b"ms a 2 E100\r\nxx\r\n", b"touch a 0\r\n", b"gets a\r\n", b"gat 0 a\r\ngats 0 a\r\n")

# --- exptime
DAYS30 = 60 * 60 * 24 * 30
for exptime in (0, -1, -100, 1000, DAYS30, DAYS30 + 1, DAYS30 + 100, 1000000000, 2147483647, 2147483648, 4294967295, 4294967296,
     -2147483648, -2147483649, -4294967296, -4294967196):
    case("exptime", b"set a 0 %d 1\r\nx\r\n" % exptime, b"get a\r\n", b"mg a t\r\nme a\r\n")
    case("exptime", b"ms a 1 T%d\r\nx\r\n" % exptime, b"get a\r\n", b"mg a t\r\n")
    case("exptime", setup(), b"touch a %d\r\n" % exptime, b"mg a t\r\n")
    case("exptime", setup(), b"mg a T%d t\r\nmg a t\r\n" % exptime)
    case("exptime", setup(), b"mg a t T%d\r\nmg a t\r\n" % exptime)
    case("exptime", b"mg a N%d t\r\nmg a t\r\n" % exptime)
    case("exptime", setup(b"1"), b"ma a T%d t\r\nmg a t\r\n" % exptime)
    case("exptime", b"ma a N%d t\r\nmg a t\r\n" % exptime)

# --- flush_all, stats
each_after("flush_all", setup(), b"flush_all", b"flush_all 0", b"flush_all noreply", b"flush_all 0 noreply", b"flush_all -1",
     b"flush_all -100", b"flush_all 1000", b"flush_all 1000 noreply", b"flush_all x", b"flush_all x noreply",
           b"flush_all 0 x", b"flush_all 0 noreply x", b"flush_all 1x", b"flush_all 2592001", b"flush_all 99999999999999999999",
               b"flush_all 4000000000", b"flush_all noreply noreply", b"flush_all noreply 0")
case("flush_all", setup(), b"flush_all\r\n", setup(), b"get a\r\n")
each("stats", b"stats reset", b"stats reset x", b"stats reset noreply", b"stats nonsense", b"stats noreply", b"stats ITEMS", b"stats x y z")
case("stats", setup(), b"stats reset\r\nget a\r\n")

# --- meta get
FLAGS_ALL = b"k Oabc c f h l s t"
each("mg miss", b"mg", b"mg a", b"mg a v", b"mg a k", b"mg a Oabc", b"mg a k Oabc", b"mg a Oabc k", b"mg a q", b"mg a q k Oabc",
     b"mg a v q", b"mg a s t f c", b"mg YQ== b", b"mg YQ== b k", b"mg YQ== b k Oabc", b"mg YQ== k b", b"mg YQ== k b O1 q",
     b"mg a E1", b"mg a C1", b"mg a I", b"mg a x", b"mg a MZ", b"mg a D1 J2", b"mg a F1", b"mg a T100", b"mg a R30", b"mg a T100 k",
         b"mg a u", b"mg a P", b"mg a Pabc", b"mg a L", b"mg a Labc", b"mg a S", b"mg a S10", b"mg a b", b"mg a/ b", b"mg ! b k",
     b"mg YQ b k", b"mg YQ= b k", b"mg YQ=== b k", b"mg =YQ= b k", b"mg Y!Q= b k", b"mg YWI= b k", b"mg YWJj b k", b"mg YWJjZ b k",
         b"mg  a  k", b"mg a noreply")
for bad in (b"k k", b"v v", b"O1 O2", b"T1 T2", b"z", b"A", b"W", b"X", b"Z", b"!", b"1", b"-", b"\xff", b"\x7f", b"Tx", b"T", b"T1x",
     b"T99999999999999999999", b"N", b"Nx", b"Rx", b"R", b"E", b"Ex", b"C", b"Cx", b"E-1", b"C-1", b"M", b"MAA", b"F", b"Fx", b"F-1",
     b"D", b"Dx", b"J", b"Jx", b"D-1",
            b"q z", b"q k k", b"q Tx", b"kk", b"vv", b"kx", b"vx", b"qq", b"cx", b"bx", b"q" * 40, b"O", b"k z Oabc", b"Tx z", b"z Tx",
                b"Tx Fx", b"Fx Tx", b"Dx Jx", b"b Tx", b"q Tx Oabc"):
    case("mg flags", setup(), b"mg a " + bad + b"\r\n", b"mg b " + bad + b"\r\n")
    case("ms flags", setup(), b"ms a 1 " + bad + b"\r\ny\r\n", b"mg a v\r\n")
    case("md flags", setup(), b"md a " + bad + b"\r\n", b"md b " + bad + b"\r\n", b"mg a v\r\n")
    case("ma flags", setup(b"10"), b"ma a " + bad + b"\r\n", b"ma b " + bad + b"\r\n", b"mg a v\r\n")
    case("me flags", setup(), b"me a " + bad + b"\r\n", b"me b " + bad + b"\r\n")
for size in (30, 31, 32, 33, 100):
    token = b"O" + b"o" * size
    case("opaque", setup(b"1"), b"mg a %s\r\n" % token, b"mg b %s\r\n" % token, b"mg a q %s\r\n" % token, b"mg b q %s\r\n" % token,
         b"md b %s\r\n" % token, b"md b q %s\r\n" % token, b"ma b %s\r\n" % token, b"ma b q %s\r\n" % token,
         b"ms a 1 %s\r\n2\r\n" % token, b"ms a 1 q %s\r\n3\r\n" % token, b"mg a v\r\n", b"md a %s\r\n" % token, b"mg a v\r\n")
    case("opaque", b"ms a 1 Mx %s\r\n2\r\n" % token, b"ma a Mx %s\r\n" % token, b"ma a T Mx %s\r\n" % token)
for size in (0, 1, 31):
    case("opaque", setup(b"1"), b"ma a O%s\r\n" % (b"o" * size), b"ma a q O%s\r\n" % (b"o" * size))
MANY = [b"v", b"k", b"c", b"f", b"h", b"l", b"s", b"t", b"u", b"q", b"P1", b"L1", b"O1", b"x", b"I", b"F1", b"D1", b"J1", b"T100", b"R10",
     b"E50", b"C50"]
for count in (16, 17, 18, 19, 20, 21, 22):
    flags = b" ".join(MANY[:count])
    case("many flags", setup(b"1"), b"mg a " + flags + b"\r\n", b"mg b " + flags + b"\r\nmn\r\n", b"ms a 1 " + flags + b"\r\n2\r\n",
        b"mn\r\n", b"ma a " + flags + b"\r\n", b"mn\r\n", b"md a " + flags + b"\r\n", b"mn\r\n", b"me a " + flags + b"\r\n")
case("mg hit", b"mg a\r\n", setup(), b"mg a\r\n", b"mg a v\r\n", b"mg a s\r\n", b"mg a k\r\n", b"mg a " + FLAGS_ALL + b"\r\n",
     b"mg a t s l h f c Oabc k v\r\n", b"mg a v q\r\n", b"mg a q\r\n", b"mg a q k Oabc\r\n")
case("mg hit", setup(), b"mg a h l\r\n", b"mg a h\r\n", b"mg a h v\r\n")
case("mg hit", setup(), b"mg a h u\r\n", b"mg a h u\r\n", b"mg a u\r\n", b"mg a h\r\n", b"mg a h\r\n")
case("mg hit", setup(), b"me a\r\n", b"mg a h\r\nme a\r\n")
case("mg hit", setup(), b"get a\r\n", b"mg a h\r\n", setup(), b"mg a h\r\n", b"touch a 0\r\n", setup(), b"touch a 0\r\n", b"mg a h\r\n",
     setup(), b"gat 0 a\r\n", b"mg a h\r\n")
case("mg hit", setup(b"1"), b"incr a 1\r\n", b"mg a h\r\n", b"incr a 1\r\n", b"mg a h\r\n", b"incr a 100\r\n", b"mg a h\r\n")
case("mg hit", setup(b"1"), b"append a 0 0 1\r\nx\r\n", b"mg a h\r\n", b"append a 0 0 1\r\nx\r\n", b"mg a h\r\n", b"add a 0 0 1\r\nx\r\n",
     b"mg a h\r\n")
case("mg hit", setup(b""), b"mg a v s\r\n", b"mg a v k\r\n")
case("mg hit", setup(flags=b"4294967295"), b"mg a f\r\n")
case("mg hit", setup(), b"mg a T100 t\r\n", b"mg a t T200\r\n", b"mg a t\r\n", b"mg a T0 t v\r\n", b"mg a T-1\r\n", b"mg a\r\n")
case("mg hit", setup(), b"mg a T-1 t v\r\n", b"mg a t\r\n")
case("mg hit", setup(), b"mg a I v\r\n", b"mg a x E5 C1 D1 J1 F9 MS v c\r\n", b"mg a v f\r\n")
case("mg vivify", b"mg a N30 t v f s c h k Oabc\r\n", b"mg a t v f s h\r\n", b"mg a N30 v\r\n", b"ms a 1\r\nx\r\n", b"mg a v\r\n")
case("mg vivify", b"mg a N0 t v\r\n", b"mg a t\r\n")
case("mg vivify", b"mg a N30\r\n", b"mg a\r\n", b"mg a q\r\n", b"mg a N30 q\r\n", b"get a\r\n", b"mg b N30 q\r\n", b"mg c q N30 v\r\n")
case("mg vivify", b"mg a N30 E77 c v\r\n", b"mg a c\r\n", b"mg a N30 E88 c\r\n")
case("mg vivify", b"mg a N30 T60 t\r\n", b"mg a t\r\n")
case("mg vivify", b"mg a T60 N30 t\r\n", b"mg a t\r\n")
case("mg vivify", b"mg a t N30\r\n", b"mg a t\r\n", b"mg a t N100\r\nmg a t\r\n")
case("mg vivify", b"mg YQ== b N30 k v\r\n", b"mg YQ== b k\r\n", b"mg a k\r\n", b"me YQ== b\r\n")
case("mg vivify", b"mg a N30 R30 v\r\n", b"mg a N30 R30 v\r\n", b"md a I T30\r\n", b"mg a N30 R30 v\r\n", b"mg a N30 R30 v\r\n")
case("mg vivify", b"mg a N30 v\r\n", b"add a 0 0 1\r\nx\r\n", b"replace a 0 0 1\r\ny\r\n", b"mg a v\r\n")
case("mg recache", setup(exptime=b"100"), b"mg a R30 t\r\n", b"mg a R200 t v\r\n", b"mg a R200 t\r\n", b"mg a t\r\n", b"mg a R30\r\n",
     b"touch a 500\r\n", b"mg a R200\r\n", b"mg a T100\r\n", b"mg a R200\r\n", setup(exptime=b"100"), b"mg a R200\r\n")
case("mg recache", setup(), b"mg a R30 t\r\n", b"mg a R0\r\n", b"mg a R-1\r\n")
case("mg recache", setup(exptime=b"100"), b"mg a R0\r\n", b"mg a R-1\r\n", b"mg a R4294967297\r\n", b"mg a T50 R70\r\n", b"mg a R60\r\n")
case("mg recache", setup(exptime=b"100"), b"mg a R70 T50\r\n", b"mg a R90\r\n")
case("mg recache", setup(exptime=b"100"), b"mg a R200 q\r\n", b"mg a R200 q\r\n", b"mg a R200 k Oabc q v\r\n")
case("mg recache", setup(b"1", exptime=b"100"), b"mg a R200\r\n", b"incr a 1\r\n", b"mg a R200\r\n", b"incr a 10\r\n", b"mg a R200\r\n",
     b"append a 0 0 1\r\nx\r\n", b"mg a R200\r\n")

# --- stale
case("stale", setup(), b"md a I\r\n", b"mg a v t\r\n", b"mg a v\r\n", b"get a\r\n", b"mg a\r\n", b"ms a 1\r\nx\r\n", b"mg a v\r\n")
case("stale", setup(), b"md a I T30\r\n", b"mg a t\r\n", b"mg a t T60\r\n", b"mg a t\r\n", b"md a I\r\n", b"mg a t\r\n", b"mg a t\r\n")
case("stale", setup(), b"md a T30\r\n", b"mg a t\r\n")
case("stale", setup(exptime=b"100"), b"md a I\r\n", b"mg a t R200\r\n", b"mg a t R200 v k Oabc c\r\n")
case("stale", b"ms a 1 E100\r\nx\r\n", b"md a I E200\r\n", b"mg a c\r\n", b"ms a 1 C100\r\ny\r\n", b"mg a v\r\n", b"ms a 1 C200\r\ny\r\n",
     b"mg a v c\r\n")
case("stale", b"ms a 1 E100\r\nx\r\n", b"md a I E200\r\n", b"mg a c\r\n", b"ms a 1 I C100 T90\r\ny\r\n", b"mg a v c t f\r\n",
     b"mg a v t\r\n", b"ms a 1 I C300\r\nz\r\n", b"mg a v\r\n")
case("stale", b"ms a 1 E100 T1000\r\nx\r\n", b"ms a 1 I C50 T90 E70\r\ny\r\n", b"mg a v c t\r\n", b"mg a v c t\r\n",
     b"ms a 1 I C70 T90\r\nz\r\n", b"mg a v t\r\n")
case("stale", b"ms a 1 E100 T1000\r\nx\r\n", b"ms a 1 I C50 ME\r\ny\r\n", b"ms a 1 I C50 MA\r\ny\r\n", b"ms a 1 I C50 MR\r\ny\r\n",
     b"mg a v\r\n", b"ms a 1 I\r\nw\r\n", b"mg a v\r\n", b"ms b 1 I C50\r\nw\r\n", b"ms b 1 I\r\nw\r\n", b"mg b v\r\n")
case("stale", setup(b"1"), b"md a I\r\n", b"incr a 1\r\n", b"mg a v\r\n", b"incr a 10\r\n", b"mg a v\r\n")
case("stale", setup(b"1"), b"md a I\r\n", b"append a 0 0 1\r\nx\r\n", b"mg a v\r\n")
case("stale", setup(b"1"), b"md a I\r\n", b"touch a 100\r\n", b"mg a t\r\n", b"gat 200 a\r\n", b"mg a t\r\n")
case("stale", setup(b"1"), b"md a I\r\n", b"mg a u\r\n", b"mg a\r\n", b"md a I\r\n", b"mg a q\r\n", b"mg a q\r\n")

# --- meta set
each("ms", b"ms", b"ms a", b"ms a x", b"ms a -1", b"ms a 1x", b"ms a S1", b"ms a T0", b"ms a S2 T0 v",
     b"ms a 2147483647", b"ms a 4294967297", b"ms a +", b"ms a 1.5")
case("ms", b"ms a x\r\ny\r\n", b"ms a -1 q k\r\n\r\n", b"ms a S1\r\ny\r\n", b"mg a\r\n")
for flags in (b"", b"q", b"k", b"Oabc", b"k Oabc", b"Oabc k", b"q k Oabc", b"c", b"s", b"b", b"b k", b"k b", b"s c k Oabc", b"Oabc k c s",
     b"v", b"f", b"t", b"h", b"l", b"v s", b"F7", b"T100", b"T-1", b"I", b"x", b"u", b"R30", b"N30", b"D1", b"J1", b"P1 L1",
     b"F4294967295", b"F4294967296", b"F-1", b"F7 T100 c s"):
    case("ms", b"ms YQ== 2 " + flags + b"\r\nyz\r\n", b"mg YQ== v f t s k\r\nmg YQ== b k v\r\nmg a k v\r\n")
    for mode in (b"ME", b"MA", b"MP", b"MR", b"MS"):
        case("ms mode", b"ms a 2 %s %s\r\nyz\r\n" % (mode, flags), b"mg a v f t s\r\nmg i b v k\r\n")
        case("ms mode", setup(), b"ms a 2 %s %s\r\nyz\r\n" % (flags, mode), b"mg a v f t s\r\n")
for mode in (b"Me", b"Ma", b"Mp", b"Mr", b"Ms", b"Mx", b"M", b"Madd", b"MI", b"M0", b"mE"):
    case("ms mode", setup(), b"ms a 2 %s\r\nyz\r\n" % mode, b"mg a v\r\n", b"ms a 2 %s q\r\nyz\r\n" % mode, b"mg a v\r\n")
for mode in (b"ME", b"MA", b"MP", b"MR", b"MS", b"MA N30", b"MP N30"):
    for extra in (b"", b"C100", b"C99", b"C0", b"C101", b"I C99", b"E500", b"C100 E500", b"C99 E500", b"q", b"C99 q", b"C100 q k O1 c s",
        b"C99 k O1 c s", b"k O1 c s", b"T60", b"F9"):
        case("ms cas", b"ms a 2 E100 T1000\r\nxx\r\n", b"ms a 2 %s %s\r\nyz\r\n" % (mode, extra),
            b"mg a v t f s\r\nms a 1 C500 k\r\nw\r\nmn\r\n")
        case("ms cas", b"ms a 2 %s %s\r\nyz\r\n" % (mode, extra), b"mg a v t f s\r\nms a 1 C500 k\r\nw\r\nmn\r\n")
case("ms", b"ms a 3\nabc\r\nmg a v\n")
case("ms", b"ms a 0\r\n\r\n", b"mg a v\r\n", b"ms a 0 MA\r\n\r\n", b"mg a v s\r\n")
case("ms", b"ms YWJj 2 b\r\nxy\r\n", b"get abc\r\n", b"mg abc k v\r\n", b"mg YWJj b k v\r\n", b"me YWJj b\r\n", b"me abc\r\n",
     b"set abc 0 0 1\r\nz\r\n", b"mg YWJj b k v\r\n")
case("ms", b"ms AAECAw== 2 b k\r\nxy\r\n", b"mg AAECAw== b k v\r\n", b"md AAECAw== b k\r\n", b"ma AAECAw== b k N30\r\n",
     b"mg AAECAw== b k v\r\n", b"ma AAECAw== b k v O1\r\n", b"me AAECAw== b\r\n")
case("ms", b"ms YWJj 1 b\r\n1\r\n", b"incr abc 1\r\n", b"mg abc k\r\n", b"incr abc 10\r\n", b"mg abc k\r\n", b"ms YWJj 1 b MA\r\n1\r\n",
     b"mg abc k\r\n", b"mg YWJj b k\r\n")
case("ms", b"ms a 1 E0\r\nx\r\n", b"mg a c\r\n", b"ms a 1 C0\r\ny\r\n", b"mg a v\r\n")
case("ms", b"ms a 1 E18446744073709551615\r\nx\r\n", b"mg a c\r\n", b"ms a 1 C18446744073709551615\r\ny\r\n", b"mg a v\r\n")
case("ms", b"ms a 1 E18446744073709551616\r\nx\r\n", b"mg a c\r\n", b"ms a 1 E9223372036854775808 c\r\nx\r\n", b"mg a c\r\n")

# --- meta delete
for flags in (b"", b"q", b"k", b"Oabc", b"k Oabc", b"Oabc k", b"q k Oabc", b"b k", b"v", b"c", b"s t f", b"I", b"I q", b"I k O1", b"x",
     b"x q", b"x k O1", b"x I", b"x I T30", b"x T30", b"x F9", b"x E500", b"I E500", b"E500", b"C100", b"C99", b"C0", b"C99 q",
     b"C99 k O1", b"C100 I", b"C100 x", b"C100 x I T30 E500 F3", b"T30", b"N30", b"MA", b"D1 J1"):
    case("md", b"ms a 2 E100 T1000\r\nxx\r\n", b"md a " + flags + b"\r\n", b"mg a v t f s\r\nmg a v\r\nms a 1 C500\r\nz\r\nmn\r\n")
    case("md", b"md a " + flags + b"\r\n", b"mg a v\r\nmn\r\n")
case("md", b"md\r\n", b"ms a 2 E100 T1000\r\nxx\r\n", b"md a x\r\n", b"mg a v c t\r\n", b"get a\r\n", b"md a x I\r\n", b"mg a v t\r\n")
case("md", b"ms a 2 E100 T1000\r\nxx\r\n", b"mg a R2000\r\n", b"md a x\r\n", b"mg a v t c h\r\n")

# --- meta arithmetic
for flags in (b"", b"q", b"v", b"v q", b"k", b"Oabc", b"k Oabc v", b"Oabc v k", b"t", b"t v", b"MI", b"M+", b"MD", b"M-", b"Mi", b"Md",
     b"Mx", b"MDD", b"Mincr", b"D5", b"D5 v", b"D0 v", b"MD D5 v", b"MD D100 v", b"Dx", b"J7", b"N30", b"N30 v", b"N30 v t", b"t N30 v",
     b"N30 J7 v", b"N30 J7 D5 v", b"N30 q",
              b"N30 J7 MD v", b"N0 v t", b"N30 E500 v", b"E500 v", b"C100 v", b"C99 v", b"C99 q", b"C99 k O1 v", b"C0 v", b"C100 E500 v",
                  b"T60 t v", b"t T60 v", b"T60 N30 t", b"N30 T60 t", b"b k v", b"s f c h l".replace(b"c ", b""), b"I", b"x", b"F1",
                  b"q k O1", b"J99999999999999999999", b"N30 q v"):
    case("ma", b"ms a 2 E100 T1000 F3\r\n10\r\n", b"ma a " + flags + b"\r\n", b"mg a v t f s\r\nmg i k v\r\nms a 1 C500\r\nz\r\nmn\r\n")
    case("ma", b"ma a " + flags + b"\r\n", b"mg a v t f s\r\nmg a v\r\nms a 1 C500\r\nz\r\nmn\r\n")
    case("ma", setup(b"x"), b"ma a " + flags + b"\r\n", b"mn\r\n")
case("ma", b"ma\r\n", setup(b"99"), b"ma a v\r\n", b"ma a v t\r\n", b"mg a v s\r\n", b"ma a MD D50 v\r\n", b"mg a v s\r\n", setup(b""),
     b"ma a\r\n")
case("ma", setup(b"1"), b"ma a c\r\n", b"ma a c v\r\n", b"ma b N0 c\r\n", b"ma b c\r\n")
for value in (b"5", b"9", b"99", b"50 ", b"9  "):
    for mark in (b"md a I T30", b"md a I\r\nmg a", b"md a I E9"):
        for step in (b"incr a 1", b"incr a 60", b"decr a 1", b"decr a 99", b"ma a v D960 T7", b"ma a v t c D1 E77"):
            case("ma on stale", setup(value) + mark + b"\r\n", step + b"\r\n", b"mg a s f t h\r\nmg a\r\n", step + b"\r\n", b"mg a s f t h\r\n")

# --- meta debug and no-op
case("me", setup(), b"me\r\n", b"me a\r\n", b"me b\r\n", b"me b k\r\n", b"me b Oabc\r\n", b"me a Oabc k q\r\n", b"me YQ== b\r\n",
     b"me a b\r\n", b"me YQ b\r\n", b"me ! b\r\n", b"me a v b\r\n", b"me YQ== k b\r\n", b"me " + K251 + b"\r\n", b"me a x y z\r\n")
case("me", setup(exptime=b"100"), b"me a\r\n", b"get a\r\n", b"me a\r\n")
case("me", b"ms YQ== 1 b E77\r\nx\r\n", b"me a\r\n", b"me YQ== b\r\n", b"ms a 1 E78\r\nx\r\n", b"me a\r\n", b"me YQ== b\r\n")
case("mn", b"mg a q\r\nmg b q\r\nmn\r\n", b"md a q\r\nmn\r\n", b"mn\r\nmn\r\nversion\r\n")
case("pipeline", setup() + b"get a\r\nmg a v\r\nincr a 1\r\ndelete a\r\nget a\r\nnonsense\r\nmn\r\n")
case("reply of q", setup(b"1"), b"ms a 1 q\r\n2\r\nms a 1 q ME\r\n3\r\nms b 1 q MR\r\n3\r\nms a 1 C1 q\r\n3\r\nms b 1 q C1\r\n1\r\nma a q\r\nma b q\r\nma a C1 q\r\nmg a q\r\nmg a q v\r\nmg b q\r\nmd b q\r\nmd a C1 q\r\nmd a q\r\nmn\r\n")


COUNTERS = (b"cmd_get cmd_set cmd_flush cmd_touch get_hits get_misses get_expired delete_misses delete_hits incr_misses incr_hits "
            b"decr_misses decr_hits cas_misses cas_hits cas_badval touch_hits touch_misses store_too_large curr_items").split()
NEEDED = COUNTERS + (b"pid uptime time version pointer_size rusage_user rusage_system max_connections curr_connections "
                     b"total_connections bytes_read bytes_written limit_maxbytes threads bytes total_items evictions").split()
COUNTED = (setup() + setup(b"1", b"b") + b"get a b c\r\ngets a c\r\nincr b 1\r\nincr a 1\r\nincr c 1\r\ndecr b 1\r\ndecr c 1\r\ntouch a 0\r\n"
           b"touch c 0\r\ngat 0 a c b\r\ncas a 0 0 1 1\r\nx\r\ncas c 0 0 1 1\r\nx\r\nadd a 0 0 1\r\nx\r\nappend a 0 0 1\r\nx\r\nmg a v\r\nmg c\r\n"
           b"mg a T0\r\nms a 1\r\nx\r\nms a 1 E90\r\nx\r\nms a 1 C90\r\ny\r\nms a 1 C90\r\ny\r\nmd c\r\nma b\r\nma c\r\nme a\r\nset d 0 -1 1\r\nx\r\nget d\r\n"
           b"delete a\r\ndelete a\r\nmd b\r\nset a 0 0 2000000\r\n" + b"x" * 2_000_000 + b"\r\n")

STEP_SECONDS = 0.001     # between two steps; enough for nearly every step to be worked off alone
QUIET_SECONDS = 0.15     # with patience: a step is answered when nothing has come for this long
CLOSED = b"<closed>"


def read_for(connection, seconds):
    """What comes until the server is quiet for so long; CLOSED at the end when it has closed."""
    connection.settimeout(seconds)
    answer = b""
    try:
        while part := connection.recv(1 << 20):
            answer += part
        return answer + CLOSED
    except (TimeoutError, BlockingIOError):
        return answer
    except OSError:
        return answer + CLOSED


def send(connection, data):
    try:
        connection.settimeout(10)
        connection.sendall(data)
    except OSError:
        pass    # the server has closed, which the answers show


def open_connection(server):
    connection = server.connect()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    send(connection, b"flush_all\r\nverbosity 0\r\n")
    answer = b""
    while answer.count(b"\n") < 2 and (part := connection.recv(100)):
        answer += part
    assert answer == b"OK\r\nOK\r\n", answer
    return connection


def replay_all(server_pair, steps):
    """Both servers' whole answers to the steps, which end with the client's end of file."""
    connections = [open_connection(server) for server in server_pair]
    for step in steps:
        for connection in connections:
            send(connection, step)
        time.sleep(STEP_SECONDS)
    results = []
    for connection in connections:
        answer = read_for(connection, 0)
        if not answer.endswith(CLOSED):
            try:
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            answer += read_for(connection, 10).removesuffix(CLOSED)
        results.append(answer)
        connection.close()
    return results


def replay_patiently(server, steps):
    """The answers to each step."""
    connection = open_connection(server)
    results = []
    for step in steps:
        if not results or not results[-1].endswith(CLOSED):
            send(connection, step)
            results.append(read_for(connection, QUIET_SECONDS))
    connection.close()
    return results


def show(data):
    text = repr(data)[2:-1]
    return text if len(text) < 300 else f"{text[:140]}...{text[-60:]} ({len(data)} bytes)"


class Conformance(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pair = [cls.enterClassContext(server()) for server in (servers.oracle, servers.subject)]
        for server in cls.pair:
            with server.connect() as connection:
                answers.warm_up(connection, [b"a", b"b", b"abc"])

    def differs_at_once(self, steps):
        return answers.Comparison().difference(*replay_all(self.pair, steps)) is not None

    def difference(self, steps):
        comparison = answers.Comparison()
        oracle, subject = [replay_patiently(server, steps) for server in self.pair]
        for number, (expected, actual) in enumerate(zip(oracle, subject)):
            complaint = comparison.difference(expected, actual)
            if complaint:
                story = " | ".join(show(step) for step in steps[:number + 1])
                return f"{story}\n    {complaint}\n    memcached: {show(expected)}\n    subject:   {show(actual)}"
        return None

    def check(self, group):
        for number, (_, steps) in enumerate(one for one in CASES if one[0] == group):
            with self.subTest(group=group, number=number):
                # A difference counts when it is there with patience too: then it is none of timing.
                if self.differs_at_once(steps):
                    complaint = self.difference(steps)
                    if complaint:
                        self.fail(complaint)
                if not self.pair[1].alive():
                    self.fail("the server ended: " + self.pair[1].output())

    def statistics(self, server, which):
        with server.connect() as connection:
            send(connection, which + b"\r\n")
            text = b""
            while not text.endswith(b"END\r\n") and (part := connection.recv(1 << 16)):
                text += part
        return [line.split(b" ", 2)[1:] for line in text.split(b"\r\n") if line.startswith(b"STAT ")]

    def test_statistics_have_names_of_memcached(self):
        for which, needed in ((b"stats", NEEDED), (b"stats settings", [b"maxconns", b"item_size_max", b"num_threads", b"evictions", b"cas_enabled", b"flush_enabled"])):
            known, names = ([name for name, _ in self.statistics(server, which)] for server in self.pair)
            self.assertEqual([], [name for name in needed if name not in names])
            self.assertEqual([], [name for name in names if name not in known and not name.startswith(b"freshet_")])

    def test_statistics_of_items_and_slabs_have_names_of_memcached(self):
        for server in self.pair:
            with server.connect() as connection:
                send(connection, setup())
                self.assertEqual(b"STORED\r\n", connection.recv(100))
        for which in (b"stats items", b"stats slabs"):
            known, names = ([name for name, _ in self.statistics(server, which)] for server in self.pair)
            self.assertTrue(any(b":" in name for name in names), names)
            self.assertEqual([], [name for name in names if name not in known])

    def test_statistics_count_as_memcached_counts(self):
        replay_all(self.pair, [b"stats reset\r\n" + COUNTED * 3])
        oracle, subject = (dict(self.statistics(server, b"stats")) for server in self.pair)
        expected = {name: oracle[name] for name in COUNTERS}
        self.assertEqual(expected, {name: subject.get(name) for name in COUNTERS})


def test_of(group):
    return lambda self: self.check(group)


for name in dict.fromkeys(group for group, _ in CASES):
    setattr(Conformance, "test_" + name.replace(" ", "_"), test_of(name))

if __name__ == "__main__":
    unittest.main()
