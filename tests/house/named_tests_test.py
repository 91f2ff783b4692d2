"""The tests that the documentation names exist, and its table of what waits has no empty cell."""

import ast
import re
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
TESTS = SOURCE / "tests"
DOCUMENT = SOURCE / "docs/life-of-a-command.md"

FOLDERS = "unit|scripted|contract|integration|crash|cli"
NAMED = re.compile(rf"`((?:{FOLDERS})\.\w+(?:\.\w+)+)`")
CASE = re.compile(r"^TEST(?:_[FP])?\((\w+), (\w+)\)", re.MULTILINE)


def cases_of_programs():
    for path in TESTS.rglob("*_test.cpp"):
        folder = path.relative_to(TESTS).parts[0]
        for fixture, name in CASE.findall(path.read_text()):
            yield f"{folder}.{fixture}.{name}"


def cases_of_scripts():
    shared = classes(TESTS / "support/broker_cases.py")
    for folder in ("integration", "crash", "cli"):
        for path in (TESTS / folder).glob("*_test.py"):
            known = {**shared, **classes(path)}
            for name in classes(path):
                for function in functions(name, known):
                    yield f"{folder}.{path.stem}.{name}.{function}"


def classes(path):
    return {node.name: node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)}


def functions(name, known):
    """Its own and those of the classes that it derives from."""
    if name not in known:
        return set()
    own = {node.name for node in known[name].body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}
    return own.union(*(functions(base.id, known) for base in known[name].bases if isinstance(base, ast.Name)))


class NamedTests(unittest.TestCase):
    def test_all_exist(self):
        there = {*cases_of_programs(), *cases_of_scripts()}
        named = NAMED.findall(DOCUMENT.read_text())
        self.assertGreater(len(named), 100)
        self.assertEqual([name for name in named if name not in there], [])

    def test_no_cell_is_empty(self):
        section = DOCUMENT.read_text().split("\n## What waits, and what ends it\n")[1]
        rows = [line for line in section.splitlines() if line.startswith("|")]
        self.assertEqual([row for row in rows if len(row.split("|")) != 5 or not all(cell.strip() for cell in row.split("|")[1:-1])], [])


if __name__ == "__main__":
    unittest.main()
