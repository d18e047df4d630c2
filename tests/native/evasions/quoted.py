"""Quoted-printable as lenient decoders read it."""

KIND = "36 quoted-printable"


def cases(w, dice):
    head = b"Content-Type: application/octet-stream\r\n" + w.encoding(b"quoted-printable")

    def written(payload):
        return b"".join(b"=%02X" % c if c in b"=?" else bytes([c]) for c in payload) + b"\r\n"

    def plain(payload):
        return w.with_file(payload, head=head, body=written(payload))

    def case(name, make):
        return name, lambda payload: w.with_file(payload, head=head, body=make(payload)), plain

    def broken(soft, every=7):
        return lambda p: soft.join(p[i : i + every] for i in range(0, len(p), every)) + b"\r\n"

    yield case("every octet", lambda p: b"".join(b"=%02X" % c for c in p))
    yield case("lower case", lambda p: b"".join(b"=%02x" % c for c in p))
    yield case("mixed case", lambda p: b"".join(b"=%x%X" % (c >> 4, c & 15) for c in p))
    for count in (1, 3, 63, 64, 65, 200, 5000):
        yield case(f"{count} blanks in a soft break", broken(b"=" + b" " * count + b"\r\n"))
    for soft in (b"=\r\n", b"=\n", b"=\r", b"=\r\r\n", b"=\r\n=\r\n", b"=\t\r\n", b"= \t \n"):
        yield case(f"soft break {soft!r}", broken(soft))
        yield case(f"soft break {soft!r} at each octet", broken(soft, 1))
    yield case("equals at the end", lambda p: written(p)[:-2] + b"=")
    yield case("equals and CR at the end", lambda p: written(p)[:-2] + b"=\r")
    yield case("half an escape at the end", lambda p: written(p)[:-2] + b"=4")
    yield case("a long line", lambda p: b"".join(b"=%02X" % c for c in p + b" " * 3000))
    yield case("blanks behind", lambda p: written(p)[:-2] + b" " * 70 + b"\r\n")
    yield case("escaped line end in front", lambda p: b"=\r\n=\r\n" + written(p))
