"""Is what a client received what it should have received? Pure: octets in, judgement out.

Rule: outside of the bad part every octet counts; inside it, nothing bad may be left.
"""

from __future__ import annotations

import binascii
import email
import email.policy
from dataclasses import dataclass
from email.message import Message

from restante_tools.lab.maildrop import Mail, eicar


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
    start, end = bad_octets(mail, direct)
    if not notices(through):
        return Judgement("changed, without a notice", False)
    if not through.startswith(direct[:start]):
        where = first_difference(direct, through)
        return Judgement(f"changed before its bad part: {where}", False)
    if not through.endswith(direct[end:]):
        return Judgement("changed behind its bad part", False)
    return Judgement(f"replaced: {part_name(direct, start)}; the rest identical", True)


def bad_octets(mail: Mail, direct: bytes) -> tuple[int, int]:
    """Where the bad part lies in `direct`, whose lines may end with LF only."""
    assert mail.bad is not None
    start, end = mail.bad
    if direct == mail.octets:
        return start, end
    return (
        len(mail.octets[:start].replace(b"\r\n", b"\n")),
        len(mail.octets[:end].replace(b"\r\n", b"\n")),
    )


def part_name(direct: bytes, start: int) -> str:
    """The file name that stands first behind `start`, or the words for a message's own text."""
    for line in direct[start : start + 400].splitlines():
        if b"filename=" in line:
            return line.split(b"filename=")[1].strip(b'"; ').decode("ascii", "replace")
        if line.startswith(b"begin "):
            return line.split(maxsplit=2)[2].decode("ascii", "replace")
    return "the text"


NOTICE_WORDS = b"Restante"  # every notice says who replaced the part


def notices(message: bytes) -> int:
    """How many parts of a message are notices of the box."""
    found = 0
    for part in email.message_from_bytes(message, policy=email.policy.compat32).walk():
        if part.get_content_type() == "text/plain" and NOTICE_WORDS in decoded(part):
            found += 1
    return found


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
