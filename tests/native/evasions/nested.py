"""Mail in mail: forwarded, encoded, in pieces, elsewhere, and attached under other names."""

import quopri

from mailmaking import crlf

from evasions.building import lines_of

KIND = "37 nested mail"


def cases(w, dice):
    def inner(payload):
        return w.single(payload)

    def attached(kind, encoding=None, name=None):
        def build(payload):
            mail = inner(payload)
            head = b"Content-Type: " + kind + b"\r\n" + (w.disposition(name) if name else b"")
            if encoding == b"base64":
                mail = lines_of(mail)
            elif encoding == b"quoted-printable":
                mail = crlf(quopri.encodestring(mail))
            head += w.encoding(encoding) if encoding else b""
            return w.mail(w.text_part(), head + b"\r\n" + mail)

        return build

    plain = attached(b"message/rfc822")
    for kind in (
        b"message/rfc822",
        b"MESSAGE/RFC822",
        b"message/global",
        b"message/news",
        b"message/x-mail",
        b"message/rfc2822",
        b"message / rfc822",
        b"message",
        b"message/",
        b"text/rfc822",
        b"application/x-mail; name=a.eml",
    ):
        for encoding in (None, b"base64", b"quoted-printable"):
            coded = encoding.decode() if encoding else "as it is"
            trick = attached(kind, encoding)
            if b"/" in kind or encoding is None:
                yield f"{kind.decode()} {coded}", trick, plain
    for kind in (b"text/plain", b"application/octet-stream", b"image/png", b"text/html"):
        for name in (b"a.eml", b"A.EML", b"a.mht", b"a.mhtml"):
            yield f"{kind} named {name}", attached(kind, b"base64", name), plain
    uu = attached(b"message/rfc822\r\nContent-Transfer-Encoding: x-uuencode")
    yield "encoding x-uuencode", uu, plain
    yield from elsewhere(w, plain)


def elsewhere(w, plain):
    """Pieces, references and digests."""
    for number in (1, 2, 3):
        head = b"Content-Type: message/partial; id=x; number=%d; total=3\r\n" % number
        yield f"partial {number}", _whole(w, head), plain
    for access in (
        b"anon-ftp; site=h.example; name=x",
        b'URL; URL="http://h.example/x"',
        b"local-file; name=x",
        b"mail-server; server=x",
    ):
        kind = b"Content-Type: message/external-body; access-type=" + access + b"\r\n"
        body = b"Content-Type: application/octet-stream\r\nContent-ID: <x>\r\n\r\n"
        yield f"external {access[:9].decode()}", _external(w, kind, body), plain

    def digest(payload):
        part = b"\r\n" + w.single(payload)
        return w.mail(w.text_part(), type=w.type(subtype=b"digest"), body=w.body(part))

    yield "digest", digest, plain

    def deep(payload):
        mail = w.single(payload)
        for _ in range(4):
            mail = w.header() + b"Content-Type: message/rfc822\r\n\r\n" + mail
        return mail

    yield "five in one another", deep, plain


def _whole(w, head):
    return lambda payload: w.header(head) + b"\r\n" + w.single(payload)


def _external(w, kind, body):
    return lambda payload: w.mail(w.text_part(), kind + b"\r\n" + body)
