"""Line ends that some readers take and others do not: bare CR, bare LF, CR CR LF, mixtures."""

KIND = "29 line ends"

ENDS = {"CR": b"\r", "LF": b"\n", "CRCRLF": b"\r\r\n", "LFCR": b"\n\r", "CR NUL LF": b"\r\0\n"}


def cases(w, dice):
    plain = w.with_file
    for name, end in ENDS.items():
        yield from with_end(w, plain, name, end)
    for name, end in (("LF", b"\n"), ("CR", b"\r")):
        yield f"encoding behind {name}{name}", hidden_header(w, end), w.single
        yield f"base64 over a delimiter with {name}", split_by_delimiter(w, end), plain


def with_end(w, plain, name, end):
    def case(where, change):
        return f"{name} {where}", lambda payload: change(plain(payload)), plain

    mark = b"--" + w.boundary
    yield case("everywhere", lambda m: m.replace(b"\r\n", end))
    yield case("before delimiters", lambda m: m.replace(b"\r\n" + mark, end + mark))
    yield case("behind delimiters", lambda m: m.replace(mark + b"\r\n", mark + end))
    yield case(
        "around delimiters", lambda m: m.replace(b"\r\n" + mark + b"\r\n", end + mark + end)
    )
    for field in (b"Content-Transfer", b"Content-Disp", b"MIME-V", b"Content-Type"):
        yield case(f"before {field.decode()}", lambda m, f=field: m.replace(b"\r\n" + f, end + f))
    yield case("in the message's header", lambda m: header_only(m, end))
    yield case("as blank lines", lambda m: m.replace(b"\r\n\r\n", b"\r\n" + end))
    yield case("twice as blank lines", lambda m: m.replace(b"\r\n\r\n", end + end))
    yield case("folding", lambda m: m.replace(b"; boundary", b";" + end + b" boundary"))


def header_only(message, end):
    head, blank, body = message.partition(b"\r\n\r\n")
    return head.replace(b"\r\n", end) + blank + body


def hidden_header(w, end):
    """The header ends at an empty line to some, and goes on to others."""

    def tricky(payload):
        head = b"Subject: x" + end + end
        return head + w.file_part(payload)

    return tricky


def split_by_delimiter(w, end):
    """A delimiter between strange line ends cuts the base64, unless a reader does not see it."""

    def tricky(payload):
        part = w.file_part(payload)
        at = part.index(b"\r\n\r\n") + 24
        mark = end + b"--" + w.boundary + end + end
        return w.mail(w.text_part(), part[:at] + mark + part[at:])

    return tricky
