"""S/MIME and PGP: what is only signed is opened, what is encrypted is said."""

import base64

from evasions.building import lines_of

KIND = "37 S/MIME and PGP"

SIGNED = bytes.fromhex("06092a864886f70d010702")
DATA = bytes.fromhex("06092a864886f70d010701")
ENVELOPED = bytes.fromhex("06092a864886f70d010703")
AUTH_ENVELOPED = bytes.fromhex("060b2a864886f70d0109100117")
COMPRESSED = bytes.fromhex("060b2a864886f70d0109100109")
END = b"\0\0"


def der(tag, *contents):
    body = b"".join(contents)
    n = len(body)
    if n < 128:
        return bytes([tag, n]) + body
    size = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def ber(tag, *contents):
    """Of indefinite length."""
    return bytes([tag, 0x80]) + b"".join(contents) + END


def signed(mail, make=der, chunk=None):
    """ContentInfo of a SignedData without signers; `chunk` cuts the content in pieces."""
    content = der(4, mail)
    if chunk:
        cuts = (der(4, mail[i : i + chunk]) for i in range(0, len(mail), chunk))
        content = make(0x24, *cuts)
    inner = make(0x30, DATA, make(0xA0, content))
    return make(0x30, SIGNED, make(0xA0, make(0x30, der(2, b"\1"), der(0x31), inner, der(0x31))))


def closed(kind):
    return lambda mail: der(0x30, kind, der(0xA0, der(0x30, der(2, b"\0"), der(4, mail))))


def armoured(payload):
    text = base64.b64encode(b"\x85\x01\x0c\x03" + payload)
    return (
        b"-----BEGIN PGP MESSAGE-----\r\n\r\n"
        + text
        + b"\r\n=abcd\r\n-----END PGP MESSAGE-----\r\n"
    )


def cases(w, dice):
    def smime(make, kind=b"application/pkcs7-mime; smime-type=signed-data; name=smime.p7m"):
        head = b"Content-Type: " + kind + b"\r\n" + w.encoding()

        def build(payload):
            mail = w.file_part(payload)
            return w.header(head) + b"\r\n" + lines_of(make(mail))

        return build

    plain = smime(signed)
    yield "signed, DER", smime(signed), plain
    yield "signed, BER", smime(lambda m: signed(m, ber)), plain
    for size in (1, 7, 1000):
        yield f"signed, BER pieces of {size}", smime(lambda m, n=size: signed(m, ber, n)), plain
    yield "signed, DER pieces", smime(lambda m: signed(m, der, 50)), plain
    yield (
        "signed twice",
        smime(
            lambda m: signed(
                b"Content-Type: application/pkcs7-mime\r\n"
                + w.encoding()
                + b"\r\n"
                + lines_of(signed(m))
            )
        ),
        plain,
    )
    for kind in (
        b"application/x-pkcs7-mime",
        b"application/octet-stream; name=smime.p7m",
        b"application/pkcs7-signature; name=smime.p7s",
        b"text/plain",
    ):
        yield f"signed, {kind.decode()}", smime(signed, kind), plain
    yield "enveloped", smime(closed(ENVELOPED)), plain
    yield "auth-enveloped", smime(closed(AUTH_ENVELOPED)), plain
    yield "compressed", smime(closed(COMPRESSED)), plain
    yield "cut", smime(lambda m: signed(m)[:-30]), plain
    yield "no CMS at all", smime(lambda m: b"\1\2\3" + m), plain
    yield from pgp(w, dice, plain)


def pgp(w, dice, plain):
    yield "PGP in text", lambda p: w.plain_text(armoured(p)), plain
    yield "PGP in a part", lambda p: w.mail(w.text_part() + armoured(p)), plain
    yield "PGP attached", lambda p: w.with_file(armoured(p)), plain
    key = dice.randbytes(8) + b"\x01"
    heads = b"\x85\x01\x0c\x03" + key, b"\xc1\xc0\x4c\x03" + key, b"\x84\x5e\x03" + key
    for head in (*heads, b"\x8c\x0d\x04\x09\x03\x08"):
        yield f"PGP {head[:4].hex()}", lambda p, h=head: w.with_file(h + p * 9), plain
    version = b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"

    def pgp_mime(payload):
        parts = version, w.file_part(armoured(payload))
        return w.mail(type=w.type(subtype=b"encrypted"), body=w.body(*parts))

    yield "PGP/MIME", pgp_mime, plain
