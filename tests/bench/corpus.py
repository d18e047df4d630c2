"""A mail corpus made from a seed: three producers, ordinary attachments, planted payloads.

Writes every message twice: as a file (CRLF) for scanners of files, and in wire form (dot-stuffed)
for the engine. The same seed on the same Python gives the same octets.
"""

from __future__ import annotations

import base64
import gzip
import io
import pydoc_data.topics
import quopri
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

PROSE = " ".join(pydoc_data.topics.topics[name] for name in sorted(pydoc_data.topics.topics))
ACCENTS = "Grüße aus Zürich: façade, naïve, Ærø, señor, Łódź. "


KINDS = ("plain", "base64", "zip", "html")  # of messages that have one thing only


class Writer:
    """Makes messages; every choice comes from one seeded die."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(f"mail {seed}")
        self.number = 0

    def prose(self, size: int) -> str:
        """Text in sentences and lines."""
        start = self.dice.randrange(max(1, len(PROSE) - size))
        return PROSE[start : start + size]

    def picture(self, size: int) -> bytes:
        """A valid PNG frame around octets that do not compress, as photographs are."""
        data = zlib.compress(self.dice.randbytes(size), 1)
        chunk = b"IDAT" + data
        return (
            b"\x89PNG\r\n\x1a\n"
            + struct.pack(">I", len(data))
            + chunk
            + struct.pack(">I", zlib.crc32(chunk))
        )

    def program(self, size: int) -> bytes:
        """Machine-code-like octets: few values often, zeros in runs, strings between."""
        common = bytes(self.dice.choices(range(256), k=64)) + b"\0\0\0\xff\x8b\x89\xe8\x0f\x48" * 8
        pieces = [b"\x7fELF\x02\x01\x01\0" + bytes(40)]
        made = 48
        while made < size:
            code = bytes(self.dice.choices(common, k=400)) + bytes(self.dice.randint(0, 64))
            pieces.append(code + self.prose(40).encode("ascii", "replace") + b"\0")
            made += len(pieces[-1])
        return b"".join(pieces)

    def sheet(self, size: int) -> bytes:
        """A table of numbers as text."""
        rows = size // 40
        return "\r\n".join(
            ";".join(f"{self.dice.random() * 1000:.3f}" for _ in range(5)) for _ in range(rows)
        ).encode()

    def zipped(self, content: bytes, name: str) -> bytes:
        """A zip with the file and a second one."""
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo(name, (2024, 5, 6, 7, 8, 10)), content, 8)
            archive.writestr(
                zipfile.ZipInfo("readme.txt", (2024, 5, 6, 7, 8, 10)), self.prose(300), 8
            )
        return file.getvalue()

    def attachment(self, size: int) -> tuple[str, bytes]:
        """Name and content of an ordinary attachment of about this size."""
        kind = self.dice.randrange(6)
        if kind == 0:
            return "picture.png", self.picture(size)
        if kind == 1:
            return "tool.bin", self.program(size)
        if kind == 2:
            return "table.csv", self.sheet(size)
        if kind == 3:
            return "documents.zip", self.zipped(self.sheet(2 * size), "table.csv")
        if kind == 4:
            return "log.txt.gz", gzip.compress(self.prose(3 * size).encode(), 6, mtime=0)
        return "notes.txt", self.prose(size).encode()

    def heads(self) -> list[tuple[str, str]]:
        """Header fields that every message has."""
        self.number += 1
        return [
            ("From", f"Sender {self.number} <sender{self.number}@example.org>"),
            ("To", "office@example.com"),
            ("Date", f"Mon, 6 May 2024 07:{self.number % 60:02}:10 +0000"),
            ("Subject", f"Report {self.number}: {self.prose(30).split(chr(10))[0].strip()}"),
            ("Message-ID", f"<{self.number}.{self.dice.getrandbits(40):x}@example.org>"),
        ]

    def modern(self, text: str, files: list[tuple[str, bytes]]) -> bytes:
        """By email.message, the current interface."""
        message = EmailMessage(policy=policy.SMTP)
        for name, value in self.heads():
            message[name] = value
        message.set_content(text)
        if self.dice.random() < 0.5:
            message.add_alternative(f"<html><body><p>{text}</p></body></html>", subtype="html")
        for name, content in files:
            message.add_attachment(
                content, maintype="application", subtype="octet-stream", filename=name
            )
        message_set_boundaries(message, self.number)
        return message.as_bytes()

    def classic(self, text: str, files: list[tuple[str, bytes]]) -> bytes:
        """By email.mime, as older programs do."""
        message = MIMEMultipart("mixed", boundary=f"==classic-{self.number}==")
        for name, value in self.heads():
            message[name] = value
        message.attach(MIMEText(text, "plain", "utf-8"))
        for name, content in files:
            part = MIMEApplication(content, Name=name)
            part["Content-Disposition"] = f'attachment; filename="{name}"'
            message.attach(part)
        return message.as_bytes(policy=policy.compat32.clone(linesep="\r\n"))

    def of_kind(self, kind: str, size: int) -> bytes:
        """A message of about this size that has one thing only, for figures by kind."""
        message = EmailMessage(policy=policy.SMTP)
        for name, value in self.heads():
            message[name] = value
        text = "".join(self.prose(20_000) + "\n" for _ in range(size // 20_000))
        text = text.encode("ascii", "replace").decode()
        if kind == "plain":
            message.set_content(text, cte="7bit")
        elif kind == "html":
            paragraphs = "".join(f"<p class='text'>{line}</p>\n" for line in text.splitlines())
            body = f"<html><body>\n{paragraphs}</body></html>\n"
            message.set_content(body, subtype="html", cte="7bit")
        else:
            content = self.dice.randbytes(size * 3 // 4)
            if kind == "zip":
                content = self.zipped(self.sheet(2 * size), "table.csv")
            message.set_content(content, maintype="application", subtype="octet-stream")
        return message.as_bytes()

    def by_hand(self, text: str, files: list[tuple[str, bytes]]) -> bytes:
        """Put together line by line, quoted-printable text, base64 of 60 octets a line."""
        mark = f"----hand{self.number}"
        lines = [f"{name}: {value}".encode() for name, value in self.heads()]
        lines += [
            b"MIME-Version: 1.0",
            b'Content-Type: multipart/mixed;\r\n boundary="%s"' % mark.encode(),
            b"",
            b"--" + mark.encode(),
            b"Content-Type: text/plain; charset=utf-8",
            b"Content-Transfer-Encoding: quoted-printable",
            b"",
            quopri.encodestring(text.replace("\r\n", "\n").encode()).replace(b"\n", b"\r\n"),
        ]
        for name, content in files:
            encoded = base64.b64encode(content)
            lines += [
                b"--" + mark.encode(),
                b'Content-Type: application/octet-stream; name="%s"' % name.encode(),
                b"Content-Transfer-Encoding: base64",
                b'Content-Disposition: attachment; filename="%s"' % name.encode(),
                b"",
                *(encoded[at : at + 60] for at in range(0, len(encoded), 60)),
            ]
        lines += [b"--" + mark.encode() + b"--", b""]
        return b"\r\n".join(lines)

    def message(self, files: list[tuple[str, bytes]], text_size: int) -> bytes:
        """One message by the next producer in turn."""
        producer = (self.modern, self.classic, self.by_hand)[self.number % 3]
        text = self.prose(text_size) + (ACCENTS if self.dice.random() < 0.3 else "")
        return producer(text, files)

    def clean(self, octets: int) -> Iterator[bytes]:
        """Messages without a payload, about this many octets in all."""
        made = 0
        while made < octets:
            size = min(3_000_000, int(self.dice.lognormvariate(10.3, 1.2)) + 500)
            files = [self.attachment(size) for _ in range(self.dice.choice([0, 1, 1, 2]))]
            message = self.message(files, self.dice.randint(200, 8000))
            made += len(message)
            yield message

    def carrier(self, payload: bytes, whole: bool) -> bytes:
        """A small message with the payload: the whole attachment, or somewhere inside it."""
        if not whole:
            around = self.dice.randbytes(self.dice.randint(20, 800))
            cut = self.dice.randrange(len(around))
            payload = around[:cut] + payload + around[cut:]
        if self.dice.random() < 0.3:
            return self.message([("sample.zip", self.zipped(payload, "sample.bin"))], 300)
        return self.message([("sample.bin", payload)], 300)


def message_set_boundaries(message: EmailMessage, number: int) -> None:
    """Fixed boundaries: the library's own are not seeded."""
    for level, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"==modern-{number}-{level}==")


def stuffed(message: bytes) -> bytes:
    """Wire form: every line that begins with a dot gets one more."""
    return re.sub(rb"(?m)^\.", b"..", message)


def write(folder: Path, messages: Iterator[tuple[str, bytes]]) -> int:
    """Files `eml/NAME` and `wire/NAME`; octets of the first kind in all."""
    octets = 0
    for kind in ("eml", "wire"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for name, message in messages:
        (folder / "eml" / name).write_bytes(message)
        (folder / "wire" / name).write_bytes(stuffed(message))
        octets += len(message)
    return octets
