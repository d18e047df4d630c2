"""Base64 as lenient decoders read it."""

import base64

from evasions.building import lines_of

KIND = "35 base64"


def cases(w, dice):
    plain = w.with_file

    def case(name, make):
        return name, lambda payload: w.with_file(payload, body=make(payload)), plain

    def text(payload):
        return base64.b64encode(payload)

    def scattered(junk, every):
        def make(payload):
            t = text(payload)
            return junk.join(t[i : i + every] for i in range(0, len(t), every)) + b"\r\n"

        return make

    for junk in (
        b"!",
        b"-",
        b"\0",
        b"\x80\xff",
        b" ",
        b"\t",
        b"\r\n",
        b"\r",
        b"\n",
        b"*?.,:;",
        b"_",
    ):
        yield case(f"junk {junk!r}", scattered(junk, 5))
        yield case(f"junk {junk!r} everywhere", scattered(junk, 1))
    for every in (1, 2, 3, 5, 76):
        yield case(f"{every} a line", scattered(b"\r\n", every))
        yield case(f"{every} between equals signs", scattered(b"=", every))
    yield case("no padding", lambda p: text(p).rstrip(b"="))
    yield case("too much padding", lambda p: text(p) + b"=====")
    yield case("equals in front", lambda p: b"=" + text(p))
    yield case("four equals in front", lambda p: b"====" + text(p))
    yield case("padded runs of one", lambda p: b"".join(text(p[i : i + 1]) for i in range(len(p))))
    yield case(
        "padded runs of two", lambda p: b"".join(text(p[i : i + 2]) for i in range(0, 68, 2))
    )
    yield case("padded lines", lambda p: b"".join(lines_of(p[i : i + 4]) for i in range(0, 68, 4)))
    yield case("odd characters at the end", lambda p: text(p).rstrip(b"=") + b"A")
    yield case("text behind", lambda p: text(p) + b"\r\n-- \r\nA footer of a list\r\n")
    yield case("begin and end lines", lambda p: b"\r\n\r\n" + text(p) + b"\r\n\r\n\r\n")
    yield case("a lone line of 100,000", lambda p: b"\r\n" + b" " * 100000 + text(p))
