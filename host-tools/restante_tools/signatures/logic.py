"""Expressions of logical signatures: `0&1`, `(0|1|2)>3,2`, `!4`; and the program for the engine.

Pure. Negation is turned into terms with an upper bound, so that programs have none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from restante_tools.signatures import layout
from restante_tools.signatures.model import All, Any, Expression, Term, Unsupported

FIRST_OF_ITS_SUBSIGNATURE = 0x80000000
PARTS_MAX = 32  # of one operator in a program; more are nested
NESTING_MAX = 16
HITS_MAX = 1_000_000
TOKEN = re.compile(r"\s*(?:(\d+)|([&|!()])|([=<>])(\d+)(?:,(\d+))?)")


class Reader:
    """Reads one expression from left to right."""

    def __init__(self, text: str, subsignatures: int) -> None:
        self.subsignatures = subsignatures
        self.tokens = []
        place = 0
        while place < len(text):
            match = TOKEN.match(text, place)
            if match is None:
                raise Unsupported("malformed logical expression")
            self.tokens.append(match)
            place = match.end()
        self.tokens.reverse()

    def next_is(self, operators: str) -> bool:
        """Is the next token one of these characters?"""
        return bool(self.tokens) and bool(self.tokens[-1][2]) and self.tokens[-1][2] in operators

    def chain(self, depth: int) -> Expression:
        """Operands joined by one kind of operator."""
        if depth > NESTING_MAX:
            raise Unsupported(f"parentheses nested deeper than {NESTING_MAX}")
        parts = [self.operand(depth)]
        operators = set()
        while self.next_is("&|"):
            operators.add(self.tokens.pop()[2])
            parts.append(self.operand(depth))
        if len(operators) > 1:
            raise Unsupported("& and | side by side without parentheses")
        if not operators:
            return parts[0]
        return (All if operators == {"&"} else Any)(tuple(parts))

    def operand(self, depth: int) -> Expression:
        """A subsignature or what is in parentheses, with its count; or a negated one."""
        if not self.tokens:
            raise Unsupported("malformed logical expression")
        token = self.tokens.pop()
        if token[2] == "!":
            return negated(self.operand(depth + 1))
        if token[2] == "(":
            found = self.chain(depth + 1)
            if not self.next_is(")"):
                raise Unsupported("malformed logical expression")
            self.tokens.pop()
        elif token[1]:
            if int(token[1]) >= self.subsignatures:
                raise Unsupported("expression names a subsignature that is not there")
            found = Term((int(token[1]),))
        else:
            raise Unsupported("malformed logical expression")
        while self.tokens and self.tokens[-1][3]:
            found = counted(found, self.tokens.pop())
        return found


def members(block: Expression) -> tuple[int, ...]:
    """The subsignatures that a count behind the block is about."""
    if isinstance(block, Term) and block == Term(block.subsignatures):
        return block.subsignatures
    if isinstance(block, Any):
        return tuple(dict.fromkeys(one for part in block.parts for one in members(part)))
    raise Unsupported("count behind a block that is not joined by | alone")


def counted(block: Expression, token: re.Match[str]) -> Term:
    """A block with `=n`, `>n` or `<n`, and `,m` for m different subsignatures."""
    number, different = int(token[4]), int(token[5] or 0)
    if number > HITS_MAX:
        raise Unsupported(f"count of more than {HITS_MAX}")
    chosen = members(block)
    if token[3] == "=":
        return Term(chosen, number, number, different)
    if token[3] == ">":
        return Term(chosen, number + 1, None, different)
    if number == 0:
        raise Unsupported("count <0, which nothing has")
    return Term(chosen, 0, number - 1, different)


def negated(found: Expression) -> Expression:
    """What holds where `found` does not."""
    if isinstance(found, All):
        return Any(tuple(negated(part) for part in found.parts))
    if isinstance(found, Any):
        return All(tuple(negated(part) for part in found.parts))
    if found.different > 0:
        raise Unsupported("negated count of different subsignatures")
    parts = []
    if found.least > 0:
        parts.append(Term(found.subsignatures, 0, found.least - 1))
    if found.most is not None:
        parts.append(Term(found.subsignatures, found.most + 1, None))
    return parts[0] if len(parts) == 1 else Any(tuple(parts))


def parse(text: str, subsignatures: int) -> Expression:
    """The expression over subsignatures 0 .. subsignatures - 1."""
    reader = Reader(text.strip(), subsignatures)
    found = reader.chain(0)
    if reader.tokens:
        raise Unsupported("malformed logical expression")
    if triggers(found) is None:
        raise Unsupported("holds for objects in which no subsignature is")
    if waiting(program(found, [[0]] * subsignatures)) > layout.PROGRAM_DEPTH:
        raise Unsupported("logical expression nested too deep")
    return found


def waiting(words: list[int]) -> int:
    """How many operands of a program wait for their operator at most."""
    most = now = place = 0
    while place < len(words):
        operator, count = words[place] & 0xFF, words[place] >> 8
        place += 1
        if operator == layout.OP_TERM:
            place += 3 + count
            now += 1
        else:
            now -= count - 1
        most = max(most, now)
    return most


def terms(found: Expression) -> Iterable[Term]:
    """All terms, in order."""
    if isinstance(found, Term):
        return [found]
    return [term for part in found.parts for term in terms(part)]


def triggers(found: Expression) -> frozenset[int] | None:
    """Subsignatures of which one at least has a hit wherever the expression holds; or None."""
    if isinstance(found, Term):
        needed = found.least > 0 or found.different > 0
        return frozenset(found.subsignatures) if needed else None
    sets = [triggers(part) for part in found.parts]
    if isinstance(found, All):
        return min((each for each in sets if each is not None), key=len, default=None)
    if None in sets:
        return None
    return frozenset().union(*(each for each in sets if each is not None))


def holds(found: Expression, hits: Callable[[int], int]) -> bool:
    """Does the expression hold for these hits? For the reference matcher."""
    if isinstance(found, All):
        return all(holds(part, hits) for part in found.parts)
    if isinstance(found, Any):
        return any(holds(part, hits) for part in found.parts)
    each = [hits(number) for number in found.subsignatures]
    different = sum(1 for count in each if count)
    most = sum(each) if found.most is None else found.most
    return found.least <= sum(each) <= most and different >= found.different


def program(found: Expression, links: list[list[int]]) -> list[int]:
    """The words for the engine; `links` are those of each subsignature."""
    if isinstance(found, Term):
        listed = []
        for number in found.subsignatures:
            first, *others = dict.fromkeys(links[number])
            listed += [first | FIRST_OF_ITS_SUBSIGNATURE, *others]
        most = layout.NONE if found.most is None else found.most
        head = [layout.OP_TERM | len(listed) << 8, found.least, most, found.different]
        return head + listed
    operator = layout.OP_ALL if isinstance(found, All) else layout.OP_ANY
    return joined(operator, [program(part, links) for part in found.parts])


def joined(operator: int, programs: list[list[int]]) -> list[int]:
    """Programs under one operator, at most PARTS_MAX at a time."""
    while len(programs) > PARTS_MAX:
        programs = [joined(operator, programs[:PARTS_MAX]), *programs[PARTS_MAX:]]
    words = [word for each in programs for word in each]
    return [*words, operator | len(programs) << 8]
