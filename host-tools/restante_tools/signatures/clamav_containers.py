"""Reads ClamAV's .cdb lines: what a container says of an entry. Pure.

The name is a regular expression there; taken are those that a few globs can say.
"""

from __future__ import annotations

import re

from restante_tools.signatures import layout
from restante_tools.signatures.clamav import check_level, check_name
from restante_tools.signatures.model import RANGE_ANY, Rule, Unsupported
from restante_tools.signatures.rules import check_glob

CONTAINERS = {
    "*": layout.CONTAINER_ANY,
    "CL_TYPE_ZIP": layout.CONTAINER_ZIP,
    "CL_TYPE_POSIX_TAR": layout.CONTAINER_TAR,
    "CL_TYPE_OLD_TAR": layout.CONTAINER_TAR,
}
GLOBS_MAX = 64  # of one expression
CLASSES = {"d": "[0-9]", "w": "[0-9A-Za-z_]", "s": "[ \t]"}
TOO_RICH = "regular expression that globs cannot say"
ATOM = re.compile(
    r"\\(?P<escaped>.)|(?P<set>\[\^?\]?(?:[^\]\\\[]|\\[^dwsDWS])*\])|(?P<plain>[^\\\[\](){}|*+?.^$])"
    r"|(?P<any>\.)"
)


def quoted(character: str) -> str:
    """A character that means itself, in a glob."""
    return "\\" + character if character in "*?[]\\" else character


def atom_of(match: re.Match[str]) -> str:
    """One character of the expression as one of a glob."""
    if match["any"]:
        return "?"
    if match["set"]:
        return match["set"]
    if match["plain"]:
        return quoted(match["plain"])
    if match["escaped"] in CLASSES:
        return CLASSES[match["escaped"]]
    if match["escaped"].isalnum():
        raise Unsupported(TOO_RICH)
    return quoted(match["escaped"])


class Reader:
    """An expression into all globs that together say the same."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def alternatives(self, depth: int = 0) -> list[str]:
        """Up to the end or a closing parenthesis."""
        if depth > 3:
            raise Unsupported(TOO_RICH)
        found: list[str] = []
        while True:
            found += self.sequence(depth)
            if self.text[self.place : self.place + 1] != "|":
                return found
            self.place += 1

    def sequence(self, depth: int) -> list[str]:
        """Atoms and groups, one after the other."""
        found = [""]
        while self.place < len(self.text) and self.text[self.place] not in "|)":
            pieces = self.quantified(*self.piece(depth))
            found = [before + piece for before in found for piece in pieces]
            if len(found) > GLOBS_MAX:
                raise Unsupported(TOO_RICH)
        return found

    def piece(self, depth: int) -> tuple[list[str], bool]:
        """A group or an atom; is it the one for any character?"""
        if self.text[self.place] == "(":
            self.place += 1
            if self.text.startswith("?", self.place):
                if not self.text.startswith("?:", self.place):
                    raise Unsupported(TOO_RICH)
                self.place += 2
            found = self.alternatives(depth + 1)
            if self.text[self.place : self.place + 1] != ")":
                raise Unsupported("malformed regular expression")
            self.place += 1
            return found, False
        match = ATOM.match(self.text, self.place)
        if match is None:
            raise Unsupported(TOO_RICH)
        self.place = match.end()
        return [atom_of(match)], bool(match["any"])

    def quantified(self, pieces: list[str], is_any: bool) -> list[str]:
        """What a `*`, `+` or `?` behind the piece makes of it."""
        sign = self.text[self.place : self.place + 1]
        if not sign or sign not in "*+?{":
            return pieces
        self.place += 1
        if sign == "?":
            return ["", *pieces]
        if not is_any or sign == "{":
            raise Unsupported(TOO_RICH)
        return ["*"] if sign == "*" else ["?*"]


def globs_of(expression: str) -> tuple[list[str], bool]:
    """Globs over the whole name, and whether case does not matter."""
    if expression == "*":
        return ["*"], False
    caseless = expression.startswith("(?i)")
    text = expression.removeprefix("(?i)")
    ends = re.search(r"(?<!\\)(?:\\\\)*\$$", text) is not None
    begins = text.startswith("^")
    text = text[begins : len(text) - ends]
    reader = Reader(text)
    found = reader.alternatives()
    if reader.place != len(text):
        raise Unsupported("malformed regular expression")
    if "|" in text and (begins or ends) and top_level_choice(text):
        raise Unsupported(TOO_RICH)  # each end belongs to one alternative only
    before, behind = "" if begins else "*", "" if ends else "*"
    return [re.sub(r"(?<!\\)\*+", "*", before + glob + behind) for glob in found], caseless


def top_level_choice(text: str) -> bool:
    """Is there a `|` outside of parentheses? Sets and escapes make it say yes rather than no."""
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "|" and depth <= 0:
            return True
    return False


def range_of(text: str, what: str, whole: tuple[int, int]) -> tuple[int, int]:
    """`*`, `n`, `n-m`, `n-`, `-m`."""
    if text == "*":
        return whole
    match = re.fullmatch(r"([0-9]*)(-?)([0-9]*)", text)
    if match is None or not (match[1] or match[3]) or (match[3] and not match[2]):
        raise Unsupported(f"malformed {what}")
    low = int(match[1] or 0)
    high = int(match[3]) if match[3] else whole[1] if match[2] else low
    # One below the highest number: that stands for a size which the container does not tell.
    return min(low, whole[1] - 1), min(high, whole[1] - 1)


def rules_of(line: str) -> list[Rule]:
    """One line of a .cdb file: a rule for each glob."""
    fields = re.split(r"(?<!\\):", line)
    if not 10 <= len(fields) <= 12:
        raise Unsupported("malformed: not the ten fields of a container signature")
    name = check_name(fields[0])
    if fields[1] not in CONTAINERS:
        raise Unsupported(f"container {fields[1]}")
    if fields[2] != "*":
        raise Unsupported("size of the container, which is not known when its entries are seen")
    if fields[8] != "*" or fields[9] != "*":
        raise Unsupported("check value of an entry")
    if fields[6] not in ("*", "0", "1"):
        raise Unsupported("malformed: encrypted is 0, 1 or *")
    check_level(fields[10:])
    globs, caseless = globs_of(fields[3].replace("\\:", ":"))
    return [
        Rule(
            name,
            layout.BY_ENTRY,
            check_glob(glob.encode("latin-1")),
            caseless=caseless,
            container=CONTAINERS[fields[1]],
            encrypted=None if fields[6] == "*" else fields[6] == "1",
            position=range_of(fields[7], "position", (0, 0xFFFFFFFF)),
            packed=range_of(fields[4], "size in the container", RANGE_ANY),
            entry=range_of(fields[5], "size of the entry", RANGE_ANY),
        )
        for glob in dict.fromkeys(globs)
    ]
