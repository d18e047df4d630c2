"""Is what a client received what it should have received? Octets in, judgement out.

Rule: outside of the bad part every octet counts; inside it, nothing bad may be left.
"""

from __future__ import annotations

import binascii
import email
import email.policy
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

from restante_tools.lab.corpus.infections import Infected
from restante_tools.lab.maildrop import Mail, eicar

NOTICE_WORDS = b"Restante"  # every notice says who replaced the part
NOTICE_OCTETS = 4096  # more than a notice ever says, less than anything worth hiding


@dataclass(frozen=True)
class Judgement:
    """What was received, in words, and whether it is right."""

    received: str
    right: bool


def judge(mail: Mail, direct: bytes, through: bytes, screened: bool) -> Judgement:
    """Compare what came directly with what came through the box, both with the same line ends."""
    if through == direct:
        if mail.infected and screened:
            return Judgement("identical, although infected", False)
        return Judgement("identical", True)
    if not (mail.infected and screened):
        return Judgement(first_difference(direct, through), False)
    if infected(through):
        return Judgement("changed, but still infected", False)
    return replaced(mail, direct, through)


def replaced(mail: Mail, direct: bytes, through: bytes) -> Judgement:
    """A changed message: right if it differs in its bad part only and carries a notice."""
    assert mail.bad is not None
    start, end = bad_octets(mail.octets, mail.bad, direct)
    fault = fault_of_replacement(direct, through, start, end)
    if fault:
        return Judgement(fault, False)
    return Judgement(f"replaced: {part_name(direct, start)}; the rest identical", True)


def fault_of_replacement(direct: bytes, through: bytes, start: int, end: int) -> str:
    """What is wrong if the octets from `start` to `end` were to be replaced; empty: nothing."""
    before, after = direct[:start], direct[end:]
    if not through.startswith(before):
        return "changed before its bad part: " + first_difference(direct, through)
    if not through.endswith(after) or len(through) < len(before) + len(after):
        return "changed behind its bad part"
    notice = through[start : len(through) - len(after)]
    if NOTICE_WORDS not in notice:
        return f"replaced by something that is no notice: {notice[:80]!r}"
    if len(notice) > NOTICE_OCTETS or b"base64" in notice.lower():
        return "the notice carries more than a notice"
    return ""


def faults_of_replacements(
    samples: Iterable[Infected], direct: Path, through: Path
) -> list[tuple[str, str]]:
    """Name and fault of each sample whose fetched file (00001.wire ...) is not as it should be."""
    faults = []
    for number, sample in enumerate(samples, 1):
        name = f"{number:05d}.wire"
        here, there = (direct / name).read_bytes(), (through / name).read_bytes()
        fault = (
            fault_of_replacement(here, there, *sample.bad)
            if here == sample.octets
            else "its origin does not serve what was delivered"
        )
        if fault:
            faults.append((sample.name, fault))
    return faults


def bad_octets(made: bytes, bad: tuple[int, int], direct: bytes) -> tuple[int, int]:
    """Where the bad part lies in `direct`, whose lines may end with LF only."""
    start, end = bad
    if direct == made:
        return start, end
    return (
        len(made[:start].replace(b"\r\n", b"\n")),
        len(made[:end].replace(b"\r\n", b"\n")),
    )


def part_name(direct: bytes, start: int) -> str:
    """The file name that stands first behind `start`, or the words for a message's own text."""
    for line in direct[start : start + 400].splitlines():
        if b"filename=" in line:
            return line.split(b"filename=")[1].strip(b'"; ').decode("ascii", "replace")
        if line.startswith(b"begin "):
            return line.split(maxsplit=2)[2].decode("ascii", "replace")
    return "the text"


def decoded(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def infected(message: bytes) -> bool:
    """Whether the EICAR string is left in any of the ways in which the demonstration hides it."""
    if eicar() in message:
        return True
    for part in email.message_from_bytes(message, policy=email.policy.compat32).walk():
        content = decoded(part)
        if eicar() in content or content.startswith(b"PK") or eicar() in uudecoded(content):
            return True
    return False


def uudecoded(text: bytes) -> bytes:
    """All uuencoded lines of a text, decoded."""
    out = []
    inside = False
    for line in text.splitlines():
        if line.startswith(b"begin "):
            inside = True
        elif line == b"end":
            inside = False
        elif inside:
            out.append(binascii.a2b_uu(line + b"\n"))
    return b"".join(out)


def first_difference(one: bytes, other: bytes) -> str:
    """Where two messages begin to differ."""
    for number, (a, b) in enumerate(zip(one.split(b"\n"), other.split(b"\n"), strict=False), 1):
        if a != b:
            return f"line {number} is {b[:60]!r} instead of {a[:60]!r}"
    return f"{len(other)} octets instead of {len(one)}"
