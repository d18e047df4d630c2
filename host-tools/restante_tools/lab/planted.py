"""A secret that is planted, and the forms in which somebody would look for it."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from restante_tools.lab import maildrop
from restante_tools.lab.dovecot import Account

USER, PASSWORD = "planted-user", "planted-password"
SUBJECT = "Quarterly figures of Planted Subject Ltd"
SENTENCE = "Nobody outside of this office may read Planted Sentence Forty-Two."


def account() -> Account:
    """One infected message, so that its original goes to the quarantine."""
    message = maildrop.headed(7, SUBJECT)
    message.set_content((SENTENCE + "\n") * 20)
    message.add_attachment(maildrop.eicar(), "application", "octet-stream", filename="e.com")
    return Account(USER, PASSWORD, [maildrop.finished(message).replace(b"\r\n", b"\n")])


def named_forms(secret: str | bytes) -> Iterator[tuple[str, bytes]]:
    """What it looks like to somebody who searches: plain, base64 at each alignment, hex."""
    octets = secret.encode() if isinstance(secret, str) else secret
    yield "plain", octets
    for lead in range(3):
        encoded = base64.b64encode(bytes(lead) + octets)
        # What stands there whatever comes before and after: six bits a character.
        form = encoded[-(-8 * lead // 6) : 8 * (lead + len(octets)) // 6]
        yield f"base64 at {lead}", form
        if b"+" in form or b"/" in form:
            yield f"base64url at {lead}", form.translate(bytes.maketrans(b"+/", b"-_"))
    yield "hex", octets.hex().encode()
    yield "HEX", octets.hex().upper().encode()


def forms(secret: str | bytes) -> Iterator[bytes]:
    for _, form in named_forms(secret):
        yield form


def shown(content: bytes, *texts: str | bytes) -> list[bytes]:
    """The forms of these secrets that a content shows."""
    return [form for text in texts for form in forms(text) if form in content]
