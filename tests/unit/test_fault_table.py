"""The table of faults in session/README.md: complete, and it names tests that are there."""

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
TABLE = TESTS / "session" / "README.md"
NUMBERS = [*range(1, 29), *range(52, 61)]


def rows(text):
    """{number: the cells with tests}"""
    found = re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", text, re.M)
    return {int(number): cells for number, *cells in found}


def named(cell):
    """(file, test) of each test in a cell."""
    for entry in cell.split("; "):
        file, _, tests = entry.partition(": ")
        for test in tests.split(", "):
            yield file, test


def there():
    """(file, test) of each test function, the file as the table names it."""
    found = set()
    for path in TESTS.rglob("*.py"):
        names = {path.stem.removeprefix("test_")}
        names.add(f"{path.parent.name}/{path.stem.removeprefix('test_')}")
        for test in re.findall(r"^def test_(\w+)\(", path.read_text(), re.M):
            found |= {(name, test) for name in names}
    return found


def missing(text, tests):
    return sorted(
        {each for cells in rows(text).values() for cell in cells for each in named(cell)} - tests
    )


def test_each_fault_has_a_row_and_both_cells():
    assert sorted(rows(TABLE.read_text())) == NUMBERS


def test_each_test_that_is_named_is_there():
    assert missing(TABLE.read_text(), there()) == []


def test_a_test_that_is_gone_is_noticed():
    row = "| 1 | a fault | there: one, two | gone: one |\n"
    assert missing(row, {("there", "one")}) == [("gone", "one"), ("there", "two")]
    assert rows(row) == {1: ["there: one, two", "gone: one"]}
