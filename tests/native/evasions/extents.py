"""Too deep, too many, too long."""

KIND = "30, 31 extents"
LARGE = True  # one disguise is enough


def cases(w, dice):
    plain = w.with_file

    def deep(levels):
        def build(payload):
            body = w.file_part(payload)
            for level in range(levels, 0, -1):
                b = b"b%d." % level
                body = w.type(b) + b"\r\n" + w.body(body, boundary=b)
            return w.header() + body

        return build

    def deep_mail(levels):
        def build(payload):
            return (
                w.header() + b"Content-Type: message/rfc822\r\n\r\n" * levels + w.single(payload)
            )

        return build

    def many(parts):
        def build(payload):
            filler = [b"\r\nx"] * parts
            return w.mail(*filler, w.file_part(payload))

        return build

    for levels in (20, 100, 1000):
        yield f"{levels} multiparts", deep(levels), plain
        yield f"{levels} messages", deep_mail(levels), plain
    for parts in (1000, 20000, 100000):
        yield f"{parts} parts", many(parts), plain
    long = b"X-Long: " + b"y" * 990 + b"\r\n"
    for count in (2000, 10000):
        yield f"{count} fields", _fields(w, b"X-A: b\r\n" * count), plain
    yield "a header of 10 MB", _fields(w, long * 10500), plain
    yield "a field of 10 MB", _fields(w, b"X: " + b"z" * 10_000_000 + b"\r\n"), plain
    folded = b"X: a\r\n" + b" bbbbbbbb\r\n" * 100_000
    yield "a field of 100,000 lines", _fields(w, folded), plain


def _fields(w, fields):
    def build(payload):
        return w.mail(w.text_part(), w.file_part(payload), version=fields)

    return build
