"""What may include what: the rooms of src/ stand in an order, and no include runs upward."""

import re
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]

# From the bottom to the top. A room may include itself and the rooms of earlier rows, not its neighbours in a row: a
# store and a queue do not know each other, and neither knows routes or flows. A file beside the folders, such as
# engine.cpp, is the room of its name. `include` is include/freshet/. Rooms that do not exist yet have their row.
ORDER = [
    ["include"],
    ["base"],
    ["version", "config"],
    ["shard"],
    ["protocol"],
    ["call"],
    ["store", "queue"],
    ["route", "flow"],
    ["server", "admin"],
    ["engine"],
    ["client", "obstacles", "usage", "daemon", "bench", "demo", "copy"],
    ["cli"],
    ["main"],
]
ROW = {room: row for row, rooms in enumerate(ORDER) for room in rooms}

FILES_MIN, FILES_MAX = 3, 15
# Folders that are larger or smaller, with the reason.
SIZES = {
    "base": "what every room shares has no common noun; each thing is one or two small files",
    "bench": "two loads with their options, figures and reports",
    "bench/load": "the clients of both loads, from their bytes to their loops",
    "config": "one table of options with its readers, checks and texts",
    "protocol": "two dialects, read and written on both sides",
    "shard": "a thread, its event loop, and the memory and messages of both",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)


def sources(folder):
    return sorted(path for path in folder.rglob("*") if path.suffix in (".hpp", ".cpp"))


def room_of(path):
    """Of a path below src/."""
    return path.parts[0] if len(path.parts) > 1 else path.stem


def wrong_include(file, kind, name, root):
    """A sentence, or None. `file` is relative to src/."""
    at = f"src/{file}: #include {kind}{name}{'>' if kind == '<' else chr(34)}"
    if name.startswith("freshet/"):
        if not (root / "include" / name).is_file():
            return f"{at}: include/{name} does not exist"
        return None if kind == "<" else f"{at}: a public header is included as <{name}>"
    if kind == "<":
        return f'{at}: a header of src/ is included as "{name}"' if (root / "src" / name).is_file() else None
    if not (root / "src" / name).is_file():
        near = (root / "src" / file).parent / name
        right = near.resolve().relative_to(root / "src") if near.is_file() else "room/file.hpp"
        return f'{at}: there is no src/{name}; a header of src/ is included as "{right}"'
    room, other = room_of(Path(file)), room_of(Path(name))
    for one in (room, other):
        if one not in ROW:
            return f"{at}: the room {one} has no place in the order; give it one in {Path(__file__).name}"
    if room == other or ROW[other] < ROW[room]:
        return None
    if ROW[other] == ROW[room]:
        return (f"{at}: {room} and {other} do not know each other; what both need belongs in a room below them, "
                f"what joins them in one above")
    return (f"{at}: {room} stands below {other} and may include only "
            f"{', '.join(r for row in ORDER[:ROW[room]] for r in row)}; move what it needs down to one of these, "
            f"or the file up")


def wrong_includes(root):
    wrong = []
    for path in sources(root / "src"):
        file = path.relative_to(root / "src")
        for kind, name in INCLUDE.findall(path.read_text()):
            wrong.append(wrong_include(file, kind, name, root))
    for path in sources(root / "include"):
        for kind, name in INCLUDE.findall(path.read_text()):
            if kind == '"' or (root / "src" / name).is_file():
                wrong.append(f"{path.relative_to(root)}: #include {name}: a public header includes nothing of src/; "
                             f"move what it needs to include/freshet/")
    return [sentence for sentence in wrong if sentence]


def wrong_sizes(root):
    wrong = []
    for folder in sorted(path for path in (root / "src").rglob("*") if path.is_dir()):
        count = sum(1 for path in folder.iterdir() if path.suffix in (".hpp", ".cpp"))
        name = str(folder.relative_to(root / "src"))
        fits = FILES_MIN <= count <= FILES_MAX
        if fits == (name in SIZES):
            wrong.append(
                f"src/{name} has {count} files: "
                + ("it needs no reason in SIZES any more" if fits else
                   f"a room has {FILES_MIN} to {FILES_MAX}; split it by its nouns, join it to another, or give the "
                   f"reason in SIZES"))
    return wrong


class Includes(unittest.TestCase):
    def test_no_include_runs_upward(self):
        wrong = wrong_includes(SOURCE)
        if wrong:
            self.fail("\n" + "\n".join(wrong))

    def test_rooms_are_of_a_size_that_can_be_seen_at_once(self):
        wrong = wrong_sizes(SOURCE)
        if wrong:
            self.fail("\n" + "\n".join(wrong))

    def test_what_is_wrong_is_named(self):
        def said(file, name, kind='"'):
            return wrong_include(Path(file), kind, name, SOURCE) or ""

        self.assertEqual(said("queue/queue.hpp", "shard/operation.hpp"), "")
        self.assertEqual(said("engine.cpp", "store/store.hpp"), "")
        self.assertIn("shard stands below queue", said("shard/shard.cpp", "queue/queue.hpp"))
        self.assertIn("store and queue do not know each other", said("store/execute.cpp", "queue/queue.hpp"))
        self.assertIn("bench stands below cli", said("bench/command.cpp", "cli.hpp"))
        self.assertIn('included as "queue/queue.hpp"', said("queue/line/queue_line.hpp", "../queue.hpp"))
        self.assertIn('included as "shard/shard.hpp"', said("queue/queue.hpp", "shard/shard.hpp", "<"))
        self.assertIn("included as <freshet/time.hpp>", said("queue/queue.hpp", "freshet/time.hpp"))
        self.assertIn("has no place in the order", said("attic/old.cpp", "base/bytes.hpp"))


if __name__ == "__main__":
    unittest.main()
