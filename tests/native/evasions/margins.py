"""Files where a reader of MIME does not look, octets that text has not, lines of a mailbox."""

from evasions.text_codings import uuencoded, yencoded

KIND = "41, 42 margins and octets"


def cases(w, dice):
    plain = w.with_file

    def text_case(name, make):
        return name, lambda p: w.plain_text(make(p)), lambda p: w.plain_text(uuencoded(p))

    def body(before=b"", behind=b""):
        return lambda p: w.mail(
            body=(before and uuencoded(p)) + w.body(w.text_part()) + (behind and uuencoded(p))
        )

    yield "uuencode in the preamble", body(before=b"x"), plain
    yield "uuencode in the epilogue", body(behind=b"x"), plain
    yield (
        "yEnc in the preamble",
        lambda p: w.mail(body=yencoded(p) + b"\r\n" + w.body(w.text_part())),
        plain,
    )

    def part_behind(payload):
        return w.mail(w.text_part()) + b"--" + w.boundary + b"\r\n" + w.file_part(payload)

    yield "a part behind the end", part_behind, plain

    def part_with_text_only(payload):
        return w.mail(w.text_part(), w.text + w.text_part(), w.file_part(payload))

    yield "text before a part's header", part_with_text_only, plain
    yield "only the file, no text", lambda p: w.mail(w.file_part(p)), plain
    yield "the file first", lambda p: w.mail(w.file_part(p), w.text_part()), plain
    yield (
        "mbox line",
        lambda p: b"From a@example.org Mon Jan  1 00:00:00 2024\r\n" + plain(p),
        plain,
    )
    yield "quoted mbox line", lambda p: b">From a Mon Jan  1 00:00:00 2024\r\n" + plain(p), plain
    from_line = b"From a@example.org Mon Jan  1 00:00:00 2024\r\n"
    yield (
        "mbox line in a header",
        lambda p: w.with_file(p).replace(b"Subject", from_line + b"Subject"),
        plain,
    )
    yield text_case("NUL before uuencode", lambda p: b"\0\r\n" + uuencoded(p))
    yield text_case("bare CR before uuencode", lambda p: b"text\r" + uuencoded(p))
    yield text_case("NUL within begin", lambda p: uuencoded(p).replace(b"begin", b"be\0gin"))
    yield text_case("form feed before", lambda p: b"\x0c\r\n" + uuencoded(p))
    yield "NULs between lines", lambda p: plain(p).replace(b"\r\n\r\n", b"\r\n\r\n\0\0"), plain
    yield "CR between lines", lambda p: plain(p).replace(b"\r\n\r\n", b"\r\n\r\n\r"), plain
    yield "CR at the end", lambda p: plain(p) + b"\r", plain
