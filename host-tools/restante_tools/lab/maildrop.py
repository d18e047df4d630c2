"""The demonstration's maildrop: real messages, made at run time, each with what must come of it.

Rule: the same seed makes the same octets, and no file of the repository holds the EICAR string
(the harmless file that every scanner reports): it is put together from two halves here.
"""

from __future__ import annotations

import binascii
import io
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP

SEED = 1939  # of all generated content
ATTACHMENT_OCTETS = 5_000_000
PIXEL = bytes.fromhex(  # a PNG of one pixel
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)


def eicar() -> bytes:
    """The test file of the European Institute for Computer Antivirus Research."""
    return b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@dataclass(frozen=True)
class Mail:
    """One message with CRLF lines. `bad` is where a replacement may differ; None: nowhere."""

    title: str
    octets: bytes
    bad: tuple[int, int] | None = None

    @property
    def stored(self) -> bytes:
        """As a Maildir holds it: LF lines."""
        return self.octets.replace(b"\r\n", b"\n")

    @property
    def infected(self) -> bool:
        return self.bad is not None


def headed(number: int, subject: str) -> EmailMessage:
    """An empty message with the header fields of a real one."""
    message = EmailMessage(policy=SMTP.clone(cte_type="8bit"))
    message["From"] = "Émile Poste <emile@example.org>"
    message["To"] = "anna@example.net"
    message["Date"] = f"Mon, 03 Feb 2025 08:{number % 60:02d}:00 +0000"
    message["Message-ID"] = f"<demonstration-{number}@example.org>"
    message["Subject"] = subject
    return message


def finished(message: EmailMessage) -> bytes:
    """Its octets, with a boundary that does not change from run to run."""
    for number, part in enumerate(message.walk()):
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            part.set_boundary(f"=_restante_{number}_=")
    return message.as_bytes()


def plain() -> Mail:
    message = headed(1, "Opening hours in February")
    message.set_content("Dear Anna,\n\nwe are open from nine to five.\n\nÉmile\n", cte="8bit")
    return Mail("plain text", finished(message))


def large() -> Mail:
    message = headed(2, "The plans you asked for")
    message.set_content("Five megabytes are attached.\n")
    content = random.Random(SEED).randbytes(ATTACHMENT_OCTETS)
    message.add_attachment(content, "application", "octet-stream", filename="plans.bin")
    return Mail("5 MB attachment", finished(message))


def inline_image() -> Mail:
    message = headed(3, "Our new logo")
    message.set_content("The logo is in the HTML part.\n")
    message.add_alternative('<p>Here: <img src="cid:logo@example.org"></p>\n', subtype="html")
    html = message.get_payload()[1]  # type: ignore[index]
    html.add_related(PIXEL, "image", "png", cid="<logo@example.org>")  # type: ignore[union-attr]
    return Mail("HTML with inline image", finished(message))


def eight_bit() -> Mail:
    head = (
        b"From: emile@example.org\r\nTo: anna@example.net\r\nSubject: Dots and octets\r\n"
        b"Message-ID: <demonstration-4@example.org>\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    )
    dots = b".\r\n..\r\n.dot at the start\r\n...\r\n"
    octets = bytes(range(0xA0, 0x100)) + b"\r\n\r\n.\r\n"
    return Mail("8-bit and dot-leading lines", head + dots + octets)


def forwarded() -> Mail:
    inner = headed(51, "The original")
    inner.set_content("This was sent first.\n.\nIt has a dot line.\n")
    inner.add_attachment(b"a,b\r\n1,2\r\n", "text", "csv", filename="table.csv")
    outer = headed(5, "Fwd: The original")
    outer.set_content("See below.\n")
    outer.add_attachment(inner)
    return Mail("forwarded message", finished(outer))


def zipped(content: bytes, name: str) -> bytes:
    """A zip with one entry; a fixed date keeps it the same every time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(name, (2025, 2, 3, 8, 0, 0))
        archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def infected_attachment() -> Mail:
    message = headed(6, "Invoice 2025-117")
    message.set_content("Please pay by Friday.\n")
    message.add_attachment(eicar(), "application", "octet-stream", filename="invoice.com")
    message.add_attachment(b"Terms: thirty days.\r\n", "text", "plain", filename="terms.txt")
    return with_bad_part("EICAR, base64 attachment", finished(message), b"invoice.com")


def infected_forward() -> Mail:
    inner = headed(71, "Your parcel")
    inner.set_content("The label is in the archive.\n")
    inner.add_attachment(zipped(eicar(), "label.com"), "application", "zip", filename="label.zip")
    outer = headed(7, "Fwd: Your parcel")
    outer.set_content("Is this for us?\n")
    outer.add_attachment(inner)
    return with_bad_part("EICAR in a zip, forwarded", finished(outer), b"label.zip")


def infected_uuencode() -> Mail:
    message = headed(8, "As in the old days")
    message.set_content("The file follows.\n\n@@@\n\nRegards\n")
    octets = finished(message)
    lines = [b"begin 644 old.com\r\n"]
    content = eicar()
    for start in range(0, len(content), 45):  # 45 octets a line: what uuencode writes
        piece = content[start : start + 45]
        lines.append(binascii.b2a_uu(piece).replace(b"\n", b"\r\n"))
    lines += [b"`\r\n", b"end\r\n"]
    octets = octets.replace(b"@@@\r\n", b"".join(lines))
    return Mail("EICAR, uuencoded", octets, (octets.index(b"\r\n\r\n") + 4, len(octets)))


def with_bad_part(title: str, octets: bytes, name: bytes) -> Mail:
    """The message, and where its part with that file name lies: boundary line to boundary line."""
    inside = octets.index(name)
    start = octets.rindex(b"\r\n--=_restante", 0, inside) + 2
    start = octets.index(b"\r\n", start) + 2
    end = octets.index(b"\r\n--=_restante", inside)
    return Mail(title, octets, (start, end))


MAKERS: tuple[Callable[[], Mail], ...] = (
    plain,
    large,
    inline_image,
    eight_bit,
    forwarded,
    infected_attachment,
    infected_forward,
    infected_uuencode,
)


def demonstration() -> list[Mail]:
    """All messages, in the order of the maildrop."""
    return [make() for make in MAKERS]
