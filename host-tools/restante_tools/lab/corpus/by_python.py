"""Clean messages as CPython's `email` writes them."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP

from restante_tools.lab.corpus.sample import (
    Sample,
    ascii_text,
    binary,
    generator_for,
    text,
)

POLICY = SMTP.clone(cte_type="8bit")
FIXED_DATE = (2025, 2, 3, 8, 0, 0)


def headed(generator: random.Random, number: int) -> EmailMessage:
    message = EmailMessage(policy=POLICY)
    message["From"] = "Émile Poste <emile@example.org>"
    message["To"] = ", ".join(f"branch{i}@example.net" for i in range(generator.randint(1, 20)))
    message["Subject"] = text(generator, generator.randint(1, 300)).replace("\n", " ").strip()
    message["Date"] = "Mon, 03 Feb 2025 08:00:00 +0000"
    message["Message-ID"] = f"<python-{number}@example.org>"
    return message


def plain_text(message: EmailMessage, generator: random.Random, size: int) -> None:
    encoding = generator.choice(("8bit", "quoted-printable", "base64"))
    message.set_content(text(generator, size), cte=encoding)


def seven_bit(message: EmailMessage, generator: random.Random, size: int) -> None:
    message.set_content(ascii_text(generator, size), cte="7bit")


def attached(message: EmailMessage, generator: random.Random, size: int) -> None:
    message.set_content("See attached.\n")
    name = generator.choice(("report.bin", "Übersicht.dat", "a name with spaces.xyz", "x" * 120))
    message.add_attachment(binary(generator, size), "application", "x-data", filename=name)


def many_attached(message: EmailMessage, generator: random.Random, size: int) -> None:
    message.set_content("Several.\n")
    for number in range(generator.randint(2, 12)):
        message.add_attachment(
            binary(generator, size // 8), "application", "octet-stream", filename=f"{number}.bin"
        )


def alternative(message: EmailMessage, generator: random.Random, size: int) -> None:
    message.set_content(text(generator, size // 2), cte="quoted-printable")
    html = f"<html><body><p>{text(generator, size // 2)}</p><img src='cid:i@x'></body></html>"
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    related = list(message.iter_parts())[1]
    related.add_related(binary(generator, 500), "image", "x-own", cid="<i@x>")


def nested(message: EmailMessage, generator: random.Random, size: int) -> None:
    inner = headed(generator, 0)
    attached(inner, generator, size)
    for _ in range(generator.randint(0, 3)):
        outer = headed(generator, 0)
        outer.set_content("Forwarded.\n")
        outer.add_attachment(inner)
        inner = outer
    message.set_content("Forwarded again.\n")
    message.add_attachment(inner)


def zipped(message: EmailMessage, generator: random.Random, size: int) -> None:
    message.set_content("Packed.\n")
    buffer = io.BytesIO()
    method = generator.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(generator.randint(1, 5)):
            entry = zipfile.ZipInfo(f"folder/{number}.txt", FIXED_DATE)
            archive.writestr(entry, text(generator, size // 4), method)
    message.add_attachment(buffer.getvalue(), "application", "zip", filename="texts.zip")


def gzipped(message: EmailMessage, generator: random.Random, size: int) -> None:
    message.set_content("Packed.\n")
    content = gzip.compress(text(generator, size).encode(), mtime=0)
    message.add_attachment(content, "application", "gzip", filename="text.gz")


KINDS: tuple[Callable[[EmailMessage, random.Random, int], None], ...] = (
    plain_text,
    seven_bit,
    attached,
    many_attached,
    alternative,
    nested,
    zipped,
    gzipped,
)


def make(number: int, size: int, seed: int) -> Sample:
    """One message with about `size` octets of content."""
    generator = generator_for(seed, number, "python")
    kind = KINDS[number // 3 % len(KINDS)]
    message = headed(generator, number)
    kind(message, generator, size)
    name_boundaries(message)
    return Sample(number, f"python {kind.__name__}", message.as_bytes())


def name_boundaries(message: EmailMessage) -> None:
    """Boundaries that are the same every time."""
    for count, part in enumerate(message.walk()):
        if part.get_content_maintype() == "multipart":
            part.set_boundary(f"=_python_{count}_=")
