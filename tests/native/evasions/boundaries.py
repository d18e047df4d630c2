"""Boundaries that are absent, empty, huge, one within the other, or written in odd ways."""

KIND = "29 boundaries"


def cases(w, dice):
    plain = w.with_file

    def declared(name, field, boundary=None):
        def tricky(payload):
            parts = w.text_part(), w.file_part(payload)
            return w.mail(type=field, body=w.body(*parts, boundary=boundary))

        return name, tricky, plain

    def delimited(name, change):
        return f"delimiter {name}", lambda payload: change(plain(payload)), plain

    b = w.boundary
    mixed = b"Content-Type: multipart/mixed"
    yield declared("absent", mixed + b"\r\n")
    yield declared("absent, with a semicolon", mixed + b";\r\n")
    yield declared("empty", mixed + b'; boundary=""\r\n', b"")
    yield declared("empty, not quoted", mixed + b"; boundary=\r\n", b"")
    yield declared("of 10 KB", w.type(b"x" * 10240), b"x" * 10240)
    yield declared("of 256 and more", w.type(b"x" * 300), b"x" * 300)
    yield declared("of 300, cut at 256", w.type(b"x" * 300), b"x" * 256)
    yield declared("blanks at its end", w.type(b + b"  "))
    yield declared("blanks, also in delimiters", w.type(b + b"  "), b + b"  ")
    yield declared("an encoded word", w.type(b"=?us-ascii?q?" + b + b"?="))
    yield declared("an encoded word as it is", w.type(b"=?us-ascii?q?b?="), b"=?us-ascii?q?b?=")
    yield declared("escapes", w.type(b"a\\b"), b"ab")
    yield declared("escapes as they are", w.type(b"a\\b"), b"a\\b")
    yield declared("escaped quote", w.type(b'a\\"b'), b'a"b')
    yield declared("quote left open", mixed + b'; boundary="' + b + b"\r\n")
    yield declared("text behind the quote", mixed + b'; boundary="' + b + b'"x\r\n')
    yield declared("text and reading behind", mixed + b'; boundary="a"x\r\n', b"ax")
    yield declared("single quotes", mixed + b"; boundary='" + b + b"'\r\n")
    yield declared("comment behind", mixed + b"; boundary=b(c)\r\n", b"b")
    yield declared("comment as it is", mixed + b"; boundary=b(c)\r\n", b"b(c)")
    yield declared("comment in between", mixed + b"; (c) boundary (d) = (e) " + b + b" (f)\r\n")
    yield declared("given twice", mixed + b"; boundary=zz; boundary=" + b + b"\r\n")
    yield declared("given twice, first", mixed + b"; boundary=" + b + b"; boundary=zz\r\n")
    yield declared("in another's quotes", mixed + b'; x="; boundary=zz"; boundary=' + b + b"\r\n")
    yield declared("only in quotes", mixed + b'; x="; boundary=zz; y"\r\n', b"zz")
    yield declared("no semicolon", mixed + b" boundary=" + b + b"\r\n")
    yield declared("comma", mixed + b", boundary=" + b + b"\r\n")
    yield declared("colon", mixed + b"; boundary:" + b + b"\r\n")
    yield declared("NUL in it", w.type(b[:4] + b"\0" + b[4:]))
    yield declared("8-bit", w.type(b"b\xe4"), b"b\xe4")
    yield declared("folded inside", w.type(b[:4] + b"\r\n " + b[4:]))
    yield declared("blank inside", w.type(b"a b"), b"a b")
    yield declared("folded with a tab", w.type(b"a\r\n\tb"), b"a\tb")
    for kind in (b"multipart", b"multipart/", b'"multipart/mixed"', b"multi part/mixed"):
        field = b"Content-Type: " + kind + b"; boundary=" + b + b"\r\n"
        yield declared(f"with {kind.decode()}", field)
    for kind in (b"text/plain", b"=?us-ascii?q?multipart/mixed?=", b"x/y", b"message/rfc822", b""):
        field = b"Content-Type: " + kind + b"; boundary=" + b + b"\r\n"
        yield declared(f"with {kind.decode()}", field)
    yield from overlapping(w, plain)
    mark = b"--" + b
    for head in (b" ", b"\0", b"\t \0", b"\r", b"text\r"):
        name = f"behind text and {head!r}"
        yield delimited(name, lambda m, h=head: m.replace(mark, b"text\r\n" + h + mark))
    for tail in (b" ", b"\t", b"\x0b", b"\x0c", b"\0", b"x", b" x", b"-", b"--x", b" " * 500):
        yield delimited(f"with {tail[:4]!r}", lambda m, t=tail: m.replace(mark, mark + t, 2))
    for head in (b" ", b"\0", b"\t", b"-"):
        yield delimited(f"behind {head!r}", lambda m, h=head: m.replace(mark, h + mark))
    yield delimited("in upper case", lambda m: m.replace(mark, mark.upper()))
    yield delimited("NUL between", lambda m: m.replace(mark, b"-\0-" + b))
    yield delimited("none behind", lambda m: m[: m.rindex(mark)])
    yield delimited("cut", lambda m: m[:-5])
    yield delimited("two in a row", lambda m: m.replace(mark + b"\r\n", (mark + b"\r\n") * 2))
    yield delimited("closed twice", lambda m: m.replace(mark, mark + b"--\r\n" + mark))
    yield delimited("closed in front", lambda m: m.replace(mark, mark + b"--\r\n\r\n" + mark, 1))


def overlapping(w, plain):
    """One boundary begins like the other, or is the other."""

    def nested_in(outer, inner):
        def build(payload):
            inside = w.type(inner) + b"\r\n" + w.body(w.file_part(payload), boundary=inner)
            body = w.body(w.text_part(), inside, w.text_part(), boundary=outer)
            return w.mail(type=w.type(outer), body=body)

        return build

    b = w.boundary
    usual = nested_in(b + b"_out", b + b"_in")
    yield "inner begins like the outer", nested_in(b, b + b"1"), nested_in(b, b + b"1")
    yield "outer begins like the inner", nested_in(b + b"1", b), nested_in(b + b"1", b)
    yield "inner is the outer", nested_in(b, b), usual
    yield "inner closes the outer", nested_in(b, b + b"--"), usual

    def outer_in_base64(payload):
        body = w.file_part(payload)
        at = body.rindex(b"\r\n") - 8
        return w.mail(w.text_part(), body[:at] + b"\r\n--" + b + b"x\r\n" + body[at:])

    yield "a longer one within base64", outer_in_base64, plain

    def part_in_preamble(payload):
        hidden = b"--" + b + b"x\r\n" + w.file_part(payload)
        return w.mail(body=hidden + b"\r\n" + w.body(w.text_part()))

    yield "a longer one in the preamble", part_in_preamble, plain

    def part_in_epilogue(payload):
        hidden = b"--" + b + b"x\r\n" + w.file_part(payload) + b"\r\n--" + b + b"x--\r\n"
        return w.mail(body=w.body(w.text_part()) + hidden)

    yield "a longer one in the epilogue", part_in_epilogue, plain
