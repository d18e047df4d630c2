"""Each fault of bundles and firmware has a test that names it in its docstring, by number.

What a name is worth is the test's; this is for the one that is removed, or renamed without it.
"""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
NUMBERS = re.compile(r"\bFAULTS? ((?:\d+(?:-\d+)?(?:, | and |\b))+)")
BUNDLES_AND_FIRMWARE = {
    61: "no, bad, cut off or foreign signature",
    62: "lower serial",
    63: "expired, or no news for long",
    64: "serial 2^32-1",
    65: "manifest of one and payload of another; delta on the wrong base",
    66: "lengths that lie, octets behind the end, more unpacked than there should be",
    67: "one octet a second",
    68: "power cut or full disk at each point",
    69: "wrong product, hardware, minimum firmware",
    70: "a stolen signatures key cannot sign firmware or keys",
    71: "revoked key, also for what is installed",
    72: "one signature counted twice",
    73: "key used in the wrong role",
    74: "medium swapped after it was verified",
    75: "hostile payload before the signature was checked",
    76: "unknown field, weaker algorithm",
    77: "clock far ahead, far back",
    78: "valid bundle that matches everything or nothing",
    80: "medium or cable pulled",
    81: "serial line with one octet in a hundred wrong",
    82: "two updates at once",
    84: "set that crashes its loader",
    85: "firmware that does not become healthy three times",
    86: "request to go back to an older one",
}


def named(text):
    """Numbers behind FAULTS, ranges too."""
    found = set()
    for numbers in NUMBERS.findall(text):
        for first, last in re.findall(r"(\d+)(?:-(\d+))?", numbers):
            found.update(range(int(first), int(last or first) + 1))
    return found


def docstrings(path):
    """Of the test functions of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield ast.get_docstring(node) or ""


def test_numbers_are_read():
    assert named("FAULTS 61-63, 70 and 82: a row each. FAULT 5") == {61, 62, 63, 70, 82, 5}
    assert named("faults 61, DEFAULTS 62") == set()


def test_each_fault_of_bundles_and_firmware_is_named():
    found = set()
    for path in TESTS.rglob("test_*.py"):
        for text in docstrings(path):
            found |= named(text)
    missing = [n for n in BUNDLES_AND_FIRMWARE if n not in found]
    assert missing == []
