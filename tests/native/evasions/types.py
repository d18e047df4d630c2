"""Types that lie, that are missing, or that nobody knows."""

import random

KIND = "38 types"

TYPES = [
    b"text/plain",
    b"text/html",
    b"image/png",
    b"image/gif; name=a.gif",
    b"audio/wav",
    b"video/mp4",
    b"application/pdf",
    b"application/x-unknown",
    b"x/y",
    b"text",
    b"",
    b"/",
    b"text/",
    b"/plain",
    b"TEXT/PLAIN",
    b"text/plain;;;",
    b";",
    b"font/woff",
    b"model/x",
    b"multipart/mixed",
    b"text/x-" + b"y" * 300,
    b"application/" + b"z" * 9000,
    b"text/calendar; method=request",
    b"application/ms-tnef",
    b"text\\plain",
    b"text/plain\0",
]


def cases(w, dice):
    plain = w.with_file
    for kind in TYPES:
        head = b"Content-Type: " + kind + b"\r\n" + w.encoding()
        yield f"{kind[:30]!r}", _headed(w, head), plain
    yield "no type", _headed(w, w.encoding()), plain
    yield "no type, a name", _headed(w, w.encoding() + w.disposition()), plain
    yield "no MIME-Version", lambda p: w.with_file(p).replace(b"MIME-Version: 1.0\r\n", b""), plain
    for version in (b"2.0", b"", b"1.0 (x)", b"1 . 0"):
        field = b"MIME-Version: " + version + b"\r\n"
        yield f"version {version!r}", _version(w, field), plain
    for disposition in (b"inline", b"", b"form-data", b"attachment; size=0", b"x-y", b"(c)"):
        head = b"Content-Type: image/png\r\n" + w.encoding()
        head += b"Content-Disposition: " + disposition + b"\r\n"
        yield f"disposition {disposition!r}", _headed(w, head), plain
    kinds = list(TYPES[:8])
    random.Random(dice.random()).shuffle(kinds)
    for kind in kinds:
        single = b"Content-Type: " + kind + b"\r\n" + w.encoding()
        yield f"alone {kind.decode()}", lambda p, h=single: w.single(p, h), w.single


def _headed(w, head):
    return lambda payload: w.with_file(payload, head=head)


def _version(w, field):
    return lambda payload: w.mail(w.text_part(), w.file_part(payload), version=field)
