"""PDF: found in every stream, whatever filters and tables say; harmless documents clean."""

import base64
import subprocess
import zlib
from pathlib import Path

import pytest
from mailmaking import BAD, EICAR, names, only, verdict, zipped
from pdfmaking import deflated, document, lzw, predicted, runs, stream

NAME = "a.pdf"  # of the attachments

GOOD = b"BT /F1 12 Tf (Hello) Tj ET " * 40
TOP = Path(__file__).resolve().parents[2]


def a85(data):
    return base64.a85encode(data) + b"~>"


def raw_deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


PARMS = b"/DecodeParms<</Predictor 15/Columns 7>>"


def forms(data):
    """The same octets in a stream of every kind."""
    packed = zlib.compress(data)
    return {
        "plain": stream(data),
        "flate": stream(packed, b"FlateDecode"),
        "short name": stream(packed, b"Fl"),
        "escaped name": stream(packed, b"Fl#61te#44ecode"),
        "array": stream(a85(packed), b"ASCII85Decode", b"FlateDecode"),
        "hex": stream(data.hex().encode() + b">", b"ASCIIHexDecode"),
        "hex with blanks": stream(data.hex(" ").encode() + b"\n>", b"AHx"),
        "ascii85": stream(a85(data), b"A85"),
        "runs": stream(runs(data), b"RunLengthDecode"),
        "lzw": stream(lzw(data), b"LZWDecode"),
        "lzw, late change": stream(lzw(data, 0), b"LZW", parms=b"/DecodeParms<</EarlyChange 0>>"),
        "twice": stream(zlib.compress(packed), b"FlateDecode", b"FlateDecode"),
        "crypt, identity": stream(packed, b"Crypt", b"FlateDecode"),
        "predictor": stream(zlib.compress(predicted(data, 7)), b"FlateDecode", parms=PARMS),
        "predictor in an array": stream(
            a85(zlib.compress(predicted(data, 7))),
            b"A85",
            b"Fl",
            parms=b"/DecodeParms[null <</Columns 7/Predictor 12>>]",
        ),
        "wrong check value": stream(packed[:-4] + b"\1\2\3\4", b"FlateDecode"),
        "no zlib header": stream(raw_deflate(data), b"FlateDecode"),
        "wrong zlib header": stream(b"\x78\0" + raw_deflate(data), b"FlateDecode"),
        "length too short": stream(packed, b"FlateDecode", length=b"3"),
        "length too long": stream(packed, b"FlateDecode", length=b"99999"),
        "no length": stream(packed, b"FlateDecode", length=b"null"),
        "plain, length too short": stream(data, length=b"3"),
        "endstream inside": stream(b"endstream endobj " + data),
        "CRLF": stream(packed, b"FlateDecode").replace(b"stream\n", b"stream\r\n", 1),
        "CR": stream(packed, b"FlateDecode").replace(b"stream\n", b"stream\r", 1),
        "comment": stream(packed, b"FlateDecode").replace(b">>\n", b"%>>\n>>%\n", 1),
        "comment with the word": b"<<%stream\n" + stream(packed, b"FlateDecode")[2:],
        "comment before the word": b"<<%stream\n"
        + stream(packed, b"FlateDecode")[2:].replace(b">>\n", b">>%x\n", 1),
        "string with the word": b"<</X (>>\nstream\n\\)())" + stream(packed, b"Fl")[2:],
        "embedded": stream(packed, b"Fl", extra=b"/Type/EmbeddedFile"),
        "object stream": stream(packed, b"Fl", extra=b"/Type/ObjStm/N 0/First 0"),
    }


FORMS = forms(BAD)


@pytest.mark.parametrize("form", FORMS)
def test_found_in_every_kind_of_stream(scan, form):
    report = scan(document(deflated(GOOD), FORMS[form], deflated(GOOD)))
    assert names(report) == ["infected"]
    if not form.startswith(("plain", "endstream")):  # those match in the document itself
        assert only(report)["part"] == "a.pdf/object 4"


@pytest.mark.parametrize("form", FORMS)
def test_the_harmless_twin_is_clean(scan, form):
    assert verdict(scan(document(deflated(GOOD), forms(GOOD)[form]))) == "clean"


def test_length_filter_and_parameters_by_reference(scan):
    data = zlib.compress(predicted(BAD, 7))
    head = b"<</Length 4 0 R/Filter 5 0 R/DecodeParms 6 0 R>>\nstream\n"
    objects = (b"%d" % len(data), b"[/FlateDecode]", b"<</Predictor 15/Columns 7>>")
    octets = document(head + data + b"\nendstream", *objects)
    assert only(scan(octets))["part"] == "a.pdf/object 3"
    lost = octets.replace(b"/Filter 5 0 R", b"/Filter 9 0 R")
    assert only(scan(lost))["signature"] == "pdf filter by reference"


def test_a_file_in_the_document_is_opened(scan):
    held = deflated(zipped(("bad.exe", BAD)), extra=b"/Type/EmbeddedFile")
    assert only(scan(document(held)))["part"] == "a.pdf/object 3/bad.exe"
    plain = stream(zipped(("bad.exe", BAD)), extra=b"/Type/EmbeddedFile")
    assert only(scan(document(plain)))["part"] == "a.pdf/object 3/bad.exe"


def test_a_document_in_a_document(scan):
    inner = document(deflated(BAD))
    assert only(scan(document(deflated(inner))))["part"] == "a.pdf/object 3/object 3"


def test_what_no_table_names_is_seen(scan):
    octets = document(deflated(GOOD))
    assert names(scan(octets + b"9 0 obj\n" + deflated(BAD) + b"\nendobj\n")) == ["infected"]
    circle = octets.replace(b"trailer\n<<", b"trailer\n<</Prev 9 ")
    assert verdict(scan(circle)) == "clean"


def test_an_object_hidden_in_a_stream(scan):
    """A reader that follows its table begins where the search for streams would not."""
    hidden = b"\n9 0 obj\n" + deflated(BAD) + b"\nendobj\n"
    outer = stream(b"x" * 50 + hidden + b"x" * 50)
    assert "infected" in names(scan(document(outer)))
    assert "infected" in names(scan(document(stream(b"x" + hidden, length=b"4"))))
    endless = document(b"<<>>\nstream\n")
    assert "infected" in names(scan(endless + hidden))


def test_an_image_is_not_unpacked_but_what_calls_itself_one_is(scan):
    image = b"/Type/XObject/Subtype/Image/Width 9/Height 9/BitsPerComponent 8"
    held = deflated(BAD, extra=image)
    assert verdict(scan(document(held))) == "clean"
    for key in (b"F", b"UF", b"JS", b"#46"):
        report = scan(document(held, b"<</EF <</" + key + b" 3 0 R>> >>"))
        assert names(report) == ["infected"], key
    pixels = deflated(bytes(4_000_000), extra=image)
    assert verdict(scan(document(pixels))) == "clean"
    xfa = b"<</XFA[(template) 3 0 R (end) 9 0 R]>>"
    assert names(scan(document(held, xfa))) == ["infected"]
    in_stream = deflated(b"5 0 <</F 3 0 R>>", extra=b"/Type/ObjStm/N 1/First 4")
    assert names(scan(document(held, in_stream))) == ["infected"]


@pytest.mark.parametrize(
    "name", ["DCTDecode", "DCT", "JPXDecode", "CCITTFaxDecode", "JBIG2Decode"]
)
def test_filters_of_images_have_no_verdict(scan, name):
    octets = document(stream(b"\xff\xd8\xff" * 100, name.encode()))
    assert verdict(scan(octets)) == "clean"
    before = document(stream(zlib.compress(BAD), b"Fl", name.encode()))
    assert names(scan(before)) == ["infected"]


def test_what_is_not_understood_is_said(scan):
    assert only(scan(document(stream(b"x", b"NoSuchDecode"))))["signature"] == (
        "pdf filter NoSuchDecode"
    )
    many = document(stream(b"x", *[b"AHx"] * 9))
    assert only(scan(many))["signature"] == "pdf, more filters than the limit"
    wide = stream(b"x", b"Fl", parms=b"/DecodeParms<</Predictor 15/Columns 99999>>")
    assert only(scan(document(wide)))["signature"] == "pdf predictor"
    two = stream(zlib.compress(BAD), b"AHx", extra=b"/Filter/Fl")
    assert names(scan(document(two))) == ["ambiguous", "infected"]


def test_broken_streams_are_malformed(scan):
    packed = zlib.compress(BAD + bytes(range(256)) * 20)
    wrong = packed[:-40] + b"\xff" * 40
    assert names(scan(document(stream(wrong, b"Fl")))) == ["infected", "malformed"]
    short = document(stream(packed[:-40], b"Fl"))
    assert names(scan(short)) == ["infected", "malformed"]
    empty = document(stream(b"", b"Fl"))
    assert verdict(scan(empty)) == "clean"


def test_junk_before_the_mark(scan):
    octets = document(deflated(BAD))
    for junk, name in ((b"x" * 1024, "a.bin"), (b"MZ" + b"x" * 2000, "a.pdf")):
        assert names(scan(junk + octets, name=name)) == ["infected"]
    assert names(scan(octets[9:], name="a.pdf")) == ["infected"]


TYPES = {
    "pdf": (b"<</URI (http://example.org/)/OpenAction 9 0 R/AA<<>> >>", b"<</S/JavaScripts>>",
            b"<</XFA 9 0 R>>", b"<</F 1/EmbeddedFile 3 0 R/SubmitForm 1>>"),
    "pdf-active": (b"<</S/JavaScript/JS(app.alert\\(1\\))>>", b"<</S/J#61vaScript>>",
                   b"<</S/Launch/F(cmd.exe)>>", b"<</Subtype/RichMedia>>", b"<</JS 9 0 R>>",
                   deflated(b"5 0 <</S/JavaScript>>", extra=b"/Type/ObjStm/N 1/First 4"),
                   stream(b"5 0 <</S /Java#53cript>>".hex().encode(), b"AHx",
                          extra=b"/N 1/First 4")),
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, value) for kind, values in TYPES.items() for value in values]
)
def test_what_a_document_does_is_its_type(type_of, kind, value):
    assert type_of(document(deflated(GOOD), value)) == kind


def test_a_form_with_a_script(type_of):
    form = deflated(b"<template><script contentType='application/x-javascript'>")
    assert type_of(document(form, b"<</XFA 3 0 R>>")) == "pdf-active"
    assert type_of(document(form)) == "pdf"


# Documents of real programs


def qpdf(tmp_path, octets, *options):
    source = tmp_path / "in.pdf"
    source.write_bytes(octets)
    target = tmp_path / "out.pdf"
    done = subprocess.run(
        ["qpdf", *options, str(source), str(target)], capture_output=True, check=False
    )
    assert done.returncode in (0, 3), done.stderr
    return target.read_bytes()


def page(content):
    """A page whose content is this, as an object that qpdf keeps."""
    kids = b"<</Type/Pages/Kids[4 0 R]/Count 1>>"
    octets = document(deflated(content), b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]"
                      b"/Contents 3 0 R>>")  # fmt: skip
    return octets.replace(b"<</Type/Pages/Kids[]/Count 0>>", kids)


QPDF = [
    ["--object-streams=generate"],
    ["--stream-data=uncompress"],
    ["--linearize"],
    ["--linearize", "--object-streams=generate", "--recompress-flate"],
    ["--qdf"],
    ["--compress-streams=n", "--newline-before-endstream"],
]


@pytest.mark.parametrize("options", QPDF, ids=" ".join)
def test_as_qpdf_writes_it(scan, type_of, tmp_path, options):
    assert names(scan(qpdf(tmp_path, page(BAD), *options))) == ["infected"]
    assert verdict(scan(qpdf(tmp_path, page(GOOD), *options))) == "clean"
    act = page(GOOD).replace(b"/Type/Catalog", b"/Type/Catalog/OpenAction<</S/JavaScript/JS(x)>>")
    assert type_of(qpdf(tmp_path, act, *options)) == "pdf-active"
    assert type_of(qpdf(tmp_path, page(GOOD), *options)) == "pdf"


@pytest.mark.parametrize("bits", ["40", "128", "256"])
def test_encrypted_with_an_empty_password(scan, tmp_path, bits):
    weak = ["--allow-weak-crypto"] if bits != "256" else []
    options = [*weak, "--encrypt", "", "owner", bits, "--"]
    for more in ([], ["--object-streams=generate"]):
        report = scan(qpdf(tmp_path, page(BAD), *more, *options))
        assert only(report)["signature"] == "pdf, encrypted"
        assert names(report) == ["encrypted"]


def test_attached_by_qpdf(scan, tmp_path):
    held = tmp_path / "bad.zip"
    held.write_bytes(zipped(("bad.exe", BAD)))
    octets = qpdf(tmp_path, page(GOOD), "--add-attachment", str(held), "--")
    assert only(scan(octets))["part"].endswith("/bad.exe")
    held.write_bytes(EICAR)
    assert names(scan(qpdf(tmp_path, page(GOOD), "--add-attachment", str(held), "--"))) == [
        "infected"
    ]


def real_documents():
    folders = (Path("/usr/share/doc"), TOP / "build" / "src" / "zlib")
    return sorted(path for folder in folders for path in folder.rglob("*.pdf") if path.is_file())


@pytest.mark.parametrize("path", real_documents(), ids=str)
@pytest.mark.parametrize("options", [None, *QPDF], ids=str)
def test_documents_that_are_about_are_clean(scan, tmp_path, path, options):
    octets = path.read_bytes()
    if options is not None:
        octets = qpdf(tmp_path, octets, *options)
    report = scan(octets, fast=True)
    assert names(report) == []


def test_a_document_with_a_file_of_signatures(scan):
    path = Path("/usr/share/clamav-testfiles/clam.pdf")
    assert "malformed" not in names(scan(path.read_bytes()))


# Limits


def test_many_streams_are_no_entries(scan):
    octets = document(*[deflated(b"q Q")] * 12_000)
    report = scan(octets, fast=True)
    assert names(report) == []
    assert report["entries"] < 10
    held = [deflated(b"x" + GOOD, extra=b"/Type/EmbeddedFile")] * 30
    assert names(scan(document(*held), "--limit", "entries=20")) == ["too-many"]
    files = [deflated(zipped(("a", b"a")))] * 30
    assert names(scan(document(*files), "--limit", "entries=20")) == ["too-many"]


def test_each_limit_has_its_verdict(scan):
    bomb = document(deflated(bytes(30_000_000)))
    assert names(scan(bomb, fast=True)) == ["ratio"]
    assert names(scan(document(deflated(GOOD)), "--limit", "expanded=100")) == ["too-large"]
    many = document(*[deflated(GOOD)] * 50)
    assert set(names(scan(many, "--limit", "work=50000"))) == {"over-budget"}
    assert names(scan(document(deflated(GOOD)), "--limit", "depth=3")) == ["too-deep"]
    assert names(scan(document(deflated(GOOD)), "--scratch", "300")) == ["too-large"]
    twice = zlib.compress(zlib.compress(bytes(200_000_000)))
    work = ("--limit", "work=100000000")
    report = scan(document(stream(twice, b"Fl", b"Fl")), *work, fast=True)
    assert names(report) in (["ratio"], ["over-budget"])


HOSTILE = {
    "words without end": b"stream\n" * 40_000,
    "dictionaries without end": b"1 0 obj<<" * 40_000,
    "a string without end": b"1 0 obj<</A(" + b"stream\n" * 40_000,
    "streams that measure to the end": b"".join(
        b"%d 0 obj<</Length 9 0 R>>stream\n" % i for i in range(10, 5_000)
    )
    + b"9 0 obj 1000 endobj endstream",
    "references in a circle": b"9 0 obj 9 0 R endobj "
    + b"1 0 obj<</Length 9 0 R/Filter 9 0 R>>stream\nx\nendstream " * 3_000,
    "long parameters": b"9 0 obj<<" + b"/A 1" * 900 + b" endobj "
    + b"1 0 obj<</Filter/Fl/DecodeParms 9 0 R>>stream\nx\nendstream " * 3_000,
    "deep": b"1 0 obj" + b"<<[" * 100_000 + b">>stream\nx",
    "names": b"1 0 obj<<" + b"/#4a#5" * 50_000,
}  # fmt: skip


@pytest.mark.parametrize("octets", HOSTILE.values(), ids=HOSTILE)
def test_hostile_ones_end(scan, octets):
    report = scan(b"%PDF-1.4\n" + octets, "--limit", "work=200000000", fast=True)
    assert report["seconds"] < 10
    assert report["found"] < 10


# Cut off, and cut up

SMALL = document(stream(zlib.compress(b"ab" + BAD[-60:]), b"Fl"), deflated(BAD))


def test_cut_at_each_octet_is_never_silent(screen):
    """Whatever of the stream is missing is said; behind it there is nothing to miss."""
    head = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    octets = SMALL.replace(b"\n.", b"\n..")
    reports = screen([head + octets], "--every-prefix")
    verdicts = [verdict(report) for report in reports][len(head) :]
    begin = octets.index(b"stream\n", octets.index(b"4 0 obj")) + 10
    assert set(verdicts[begin:]) <= {"infected", "malformed"}
    first = verdicts.index("infected")
    assert set(verdicts[first:]) == {"infected"}


def test_every_cut_gives_the_same_report(scan, soak):
    scan(SMALL, "--every-cut", fast=not soak)
