"""Text in charsets of more than one octet: what a client shows is not what the octets say."""

import base64

from evasions.building import lines_of
from evasions.text_codings import uuencoded

KIND = "40 charsets"

WIDE = {
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "utf-32": "utf-32",
    "utf-32be": "utf-32-be",
    "ucs-2": "utf-16-le",
    "unicode": "utf-16",
}


def utf7(text):
    """All but letters as modified base64, the first word too."""
    coded = base64.b64encode(text.decode("latin-1").encode("utf-16-be")).rstrip(b"=")
    return b"+" + coded + b"-"


def cases(w, dice):
    plain = w.with_file

    def text_mail(charset, octets):
        head = b"Content-Type: text/plain; charset=" + charset.encode() + b"\r\n" + w.encoding()
        return w.mail(head + b"\r\n" + lines_of(octets))

    def wide(charset, codec, make=uuencoded, before="", end="\r\n"):
        def build(payload):
            text = before + make(payload).decode("latin-1").replace("\r\n", end)
            return text_mail(charset, text.encode(codec))

        return build

    hello = "Hello, this is a text.\r\n"
    for charset, codec in WIDE.items():
        yield f"uuencode in {charset}", wide(charset, codec), plain
        yield f"uuencode behind text in {charset}", wide(charset, codec, before=hello), plain
        yield f"uuencode in {charset}, LF", wide(charset, codec, before=hello, end="\n"), plain
    yield "utf-16 in truth", wide("us-ascii", "utf-16"), plain
    yield "utf-16le in truth", wide("us-ascii", "utf-16-le"), plain
    yield "utf-8 with a mark", wide("utf-8", "utf-8-sig"), plain
    yield "Cyrillic before", wide("utf-16le", "utf-16-le", before="Привет всем вам.\r\n"), plain
    for charset in ("utf-7", "UTF-7", "unicode-1-1-utf-7", "x-unicode-2-0-utf-7"):
        yield f"uuencode in {charset}", _seven(w, charset), plain


def _seven(w, charset):
    def build(payload):
        lines = uuencoded(payload).split(b"\r\n")
        body = b"\r\n".join(utf7(line) if line else line for line in lines)
        head = b"Content-Type: text/plain; charset=" + charset.encode() + b"\r\n\r\n"
        return w.mail(head + body)

    return build
