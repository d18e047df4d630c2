"""RFC 2231: boundaries and names in pieces, with gaps, in charsets, more than anybody reads."""

KIND = "32 parameters"


def pieces(name, value, encoded=False, numbers=None):
    star = b"*" if encoded else b""
    numbers = numbers or range(len(value))
    return [
        b"%s*%d%s=%s" % (name, number, star, bytes([octet]))
        for number, octet in zip(numbers, value, strict=False)
    ]


def cases(w, dice):
    plain = w.with_file
    b = b"abcdefgh"

    def declared(name, parameters, boundary=b):
        field = b"Content-Type: multipart/mixed; " + b";\r\n ".join(parameters) + b"\r\n"

        def tricky(payload):
            parts = w.text_part(), w.file_part(payload)
            return w.mail(type=field, body=w.body(*parts, boundary=boundary))

        return f"boundary {name}", tricky, plain

    def named(name, parameters):
        field = b"Content-Disposition: attachment; " + b";\r\n ".join(parameters) + b"\r\n"
        head = b"Content-Type: application/octet-stream\r\n" + w.encoding() + field
        return f"name {name}", lambda payload: w.with_file(payload, head=head), plain

    order = pieces(b"boundary", b)
    shuffled = dice.sample(order, len(order))
    gap = pieces(b"boundary", b, numbers=[0, 1, 2, 5, 6, 7, 8, 9])
    yield declared("in pieces", order)
    yield declared("in pieces, reordered", order[::-1])
    yield declared("in pieces, reordered, as they stand", order[::-1], b[::-1])
    yield declared("in pieces, shuffled", shuffled)
    yield declared("with a gap", gap)
    yield declared("with a gap, cut there", gap, b"abc")
    yield declared("from piece 1 on", pieces(b"boundary", b, numbers=range(1, 9)))
    yield declared("a piece twice", [*order, b"boundary*7=z"])
    yield declared("a piece twice, the other", [*order, b"boundary*7=z"], b"abcdefgz")
    yield declared("a piece twice, first", [b"boundary*0=z", *order], b"zbcdefgh")
    yield declared("leading zeros", [b"boundary*00=abcd", b"boundary*01=efgh"])
    yield declared("negative number", [b"boundary*-1=x", *order])
    yield declared("pieces and a whole", [*order, b"boundary=zz"])
    yield declared("pieces and a whole, which counts", [*order, b"boundary=zz"], b"zz")
    yield declared("charset", [b"boundary*=us-ascii'en'abc%64efgh"])
    yield declared("charset as it is", [b"boundary*=abc%64"], b"abc%64")
    yield declared("UTF-16", [b"boundary*=utf-16le''a%00b%00c%00d%00e%00f%00g%00h%00"])
    yield declared("encoded pieces", [b"boundary*0*=us-ascii''abc%64", b"boundary*1*=%65fgh"])
    yield declared("encoded later", [b"boundary*0=abcd", b"boundary*1*=%65fgh"])
    yield declared("encoded later, as it is", [b"boundary*0=abcd", b"boundary*1*=%65"], b"abcd%65")
    yield declared("percent, not encoded", [b"boundary*0=abcd", b"boundary*1=%65fgh"])
    yield declared("BOUNDARY", [b"BOUNDARY*0=abcd", b"Boundary*1=efgh"])
    many = [b"boundary*%d=a" % number for number in range(60)]
    yield declared("60 pieces", many, b"a" * 60)
    yield declared("60 pieces, cut at 50", many, b"a" * 50)
    thousands = [b"boundary*%d=a" % number for number in range(10000)]
    yield declared("10,000 pieces", thousands, b"a" * 200)
    yield declared("number 2^32", [b"boundary*4294967296=abcdefgh"])
    yield named("in pieces", pieces(b"filename", w.file))
    yield named("with a gap", [b"filename*0=a.txt", b'filename*2=" .exe"'])
    yield named("10,000 pieces", [b"filename*%d=a" % number for number in range(10000)])
    yield named("two", [b"filename=a.txt", b"filename=b.exe"])
    yield named("two forms", [b"filename=a.txt", b"filename*=utf-8''b.exe"])
    yield named("unknown charset", [b"filename*=x-unknown''b.exe"])
    yield named("bad percent", [b"filename*=utf-8''b%zz%.exe%4"])
    yield named("quote left open", [b'filename="a.exe'])
