"""`restante console run FILE`: lines to the box, each answer shown and checked.

A line is sent and must succeed; `! line` must fail; `= text` behind it: the answer has that text;
`# ...` and empty lines are skipped. The file is read as a whole before anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from restante_tools.errors import FAILED, USAGE, ToolError
from restante_tools.fieldline.login import SECRET
from restante_tools.fieldline.wire import LINE_OCTETS, Answer

FILE_OCTETS = 1 << 22
NEXT = "what the lines above it did stays done; correct the file or the box, then run it again"


@dataclass
class Line:
    """A line to send, and what is expected of its answer."""

    number: int
    command: str
    fails: bool = False
    texts: list[tuple[int, str]] = field(default_factory=list)


def read(file: Path) -> list[Line]:
    """The lines of a script; ToolError names the first that is none."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ToolError(
            f"{file} cannot be read: {error.strerror}", "", "check its name", USAGE
        ) from error
    if len(data) > FILE_OCTETS:
        raise ToolError(f"{file} is over {FILE_OCTETS} octets", "it is no script", "", USAGE)
    lines: list[Line] = []
    for number, octets in enumerate(data.split(b"\n"), 1):
        text = _text(file, number, octets)
        if text.startswith("="):
            if not lines:
                raise _wrong(file, number, "'=' stands behind the line whose answer it is about")
            lines[-1].texts.append((number, text[1:].strip()))
        elif text and not text.startswith("#"):
            fails = text.startswith("!")
            command = text[1:].strip() if fails else text
            if not command:
                raise _wrong(file, number, "'!' stands in front of a line that must fail")
            if command.startswith(SECRET):
                raise _wrong(file, number, "a password has no place in a script")
            lines.append(Line(number, command, fails))
    return lines


def _text(file: Path, number: int, octets: bytes) -> str:
    octets = octets.removesuffix(b"\r")
    for octet in octets:
        if octet != 9 and not 32 <= octet < 127:
            raise _wrong(file, number, f"octet 0x{octet:02x}; printable ASCII is allowed")
    text = octets.decode("ascii").strip()
    if len(text) > LINE_OCTETS and not text.startswith("#"):
        raise _wrong(file, number, f"the line is over {LINE_OCTETS} octets")
    return text


def _wrong(file: Path, number: int, what: str) -> ToolError:
    return ToolError(
        f"{file}:{number}: {what}", "nothing was sent", "restante console run --help", USAGE
    )


def run(
    file: Path, lines: list[Line], ask: Callable[[str], Answer], show: Callable[[str], None]
) -> None:
    """Send them one after the other; ToolError at the first surprise."""
    for line in lines:
        show(f"> {line.command}")
        answer = ask(line.command)
        show(str(answer))
        check(file, line, answer)


def check(file: Path, line: Line, answer: Answer) -> None:
    if answer.ok == line.fails:
        wanted = "must fail, but succeeded" if line.fails else "failed"
        raise _surprise(file, line.number, f"{line.command!r} {wanted}", answer)
    whole = "\n".join([answer.text, *answer.lines])
    for number, text in line.texts:
        if text not in whole:
            what = f"the answer to {line.command!r} should have the text {text!r}"
            raise _surprise(file, number, what, answer)


def _surprise(file: Path, number: int, what: str, answer: Answer) -> ToolError:
    said = "".join("\n    " + row for row in str(answer).split("\n"))
    return ToolError(f"{file}:{number}: {what}; the box said:{said}", "", NEXT, FAILED)
