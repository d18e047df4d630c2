"""What the engine's tests make their messages of.  Octets in, octets out; CRLF unless said."""

import base64
import io
import zipfile
from collections import Counter

from restante.screening import verdicts
from restante_tools.lab.corpus.infections import ANYWHERE
from restante_tools.lab.maildrop import eicar

EICAR = eicar()
# A signature of the factory set that matches anywhere in an object.
BAD = b"some text " * 20 + ANYWHERE + b" more text" * 20
WHOLE, PART, LINES = 0, 1, 2  # rst_edit


def crlf(text):
    """Text or octets with any line ends, as octets with CRLF."""
    if isinstance(text, str):
        text = text.encode()
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def wire(octets):
    """Dot-stuffed."""
    stuffed = octets.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def unwire(octets):
    """Without dot-stuffing."""
    plain = octets.replace(b"\r\n.", b"\r\n")
    return plain[1:] if plain.startswith(b".") else plain


def encoded(content):
    """Base64 lines, the last with its CRLF."""
    return base64.encodebytes(content).replace(b"\n", b"\r\n")


def attachment(content, name="bad.bin", kind="application/octet-stream"):
    """One entity in base64."""
    head = f'Content-Type: {kind}; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    return head.encode() + encoded(content)


def multipart(*parts, boundary="b0", subtype="mixed", header=b"Subject: x\r\n"):
    """A multipart message; a part is header, blank line and body."""
    head = header + f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode()
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return head + body + b"--" + boundary.encode() + b"--\r\n"


TEXT = b"Content-Type: text/plain\r\n\r\nHello.\r\n"


def zipped(*entries, method=zipfile.ZIP_DEFLATED, comment=b""):
    """A zip of (name, octets)."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, octets in entries:
            archive.writestr(name, octets)
        archive.comment = comment
    return file.getvalue()


def names(report):
    """The verdicts of the findings, sorted, by name."""
    found = Counter(verdicts.NAMES[finding["verdict"]] for finding in report["findings"])
    return sorted(found.elements())


def reasons(report):
    """Signatures' names and reasons of the findings."""
    return {finding["signature"] for finding in report["findings"]}


def parts(report):
    """Where the findings lie."""
    return {finding["part"] for finding in report["findings"]}


def verdict(report):
    return verdicts.NAMES[report["verdict"]]


INFECTED_PART = attachment(EICAR)


def only(report):
    """The one finding."""
    assert report["found"] == 1, report["findings"]
    return report["findings"][0]


def replaced(octets, finding, by=b"(gone)"):
    """The message with the finding's range replaced."""
    return octets[: finding["start"]] + by + octets[finding["end"] :]
