"""HTML and SVG: files in data URLs are found however they are written; scripts give the type."""

import base64
import binascii
import gzip
import random
import struct
import urllib.parse

import pytest
from mailmaking import BAD, TEXT, attachment, crlf, multipart, names, only, verdict, zipped

ZIP = zipped(("bad.exe", BAD))
B64 = base64.b64encode(ZIP).decode()
URL = f"data:application/zip;base64,{B64}"


def part(text, kind="text/html", encoding="8bit"):
    body = text.encode() if isinstance(text, str) else text
    return f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + body


@pytest.fixture
def scan(screen_one):
    def run(text, *options, kind="text/html", **more):
        return screen_one(multipart(TEXT, part(text, kind)), *options, **more)

    return run


def entities(text, form="&#{};"):
    return "".join(form.format(ord(c)) for c in text)


def folded(text, width=60, end="\r\n"):
    return end.join(text[i : i + width] for i in range(0, len(text), width))


def ways(held):
    """A file in a data URL, in every way to write it."""
    b64 = base64.b64encode(held).decode()
    url = f"data:application/zip;base64,{b64}"
    percent = urllib.parse.quote(b64, safe="")
    quoted = urllib.parse.quote_from_bytes(held)
    return {
        "double quotes": f'<a href="{url}">x</a>',
        "single quotes": f"<a href='{url}'>x</a>",
        "no quotes": f"<a href={url}>x</a>",
        "blank in front": f'<a href=" {url}">x</a>',
        "capitals": f'<A HREF="DATA:Application/ZIP;BASE64,{b64}">x</A>',
        "parameters": f'<a href="data:application/zip;name=&quot;a b&quot;;x=y ; base64,{b64}">',
        "no type": f'<a href="data:;base64,{b64}">x</a>',
        "odd type": f'<a href="data:what is this;base64,{b64}">x</a>',
        "line ends": f'<a href="da\r\nta:application/zip;base\r\n64,\r\n{folded(b64)}">x</a>',
        "tab in the word": f'<a href="d\tata:application/zip;base64,{b64}">x</a>',
        "many line ends": "<a href='d" + "\n" * 300 + f"ata:x/y;base64,{b64}'>x</a>",
        "last letter": f'<a href="dat&#97:application/zip;base64,{b64}">x</a>',
        "blanks": f'<a href="data:application/zip;base64,{folded(b64, 7, " ")}">x</a>',
        "percent": f'<a href="data:application/zip;base64,{percent}">x</a>',
        "all percent": '<a href="data:application/zip;base64,'
        + "".join(f"%{ord(c):02X}" for c in b64)
        + '">x</a>',
        "entities": f'<a href="{entities(url)}">x</a>',
        "entities without end": f'<a href="{entities("data:", "&#{}")}x/y;base64,{b64}">',
        "hexadecimal": f'<a href="{entities("dat", "&#x{:X};")}a&colon;;base64&comma;{b64}">',
        "zeros": f'<a href="&#{"0" * 400}100;ata:;base64,{b64}">x</a>',
        "style": f'<p style="background:url({url})">x</p>',
        "style with entities": f'<p style="background:url(&quot;{url}&quot;)">x</p>',
        "style sheet": f"<style>p {{ background: url('{url}') }}</style>",
        "refresh": f'<meta http-equiv=refresh content="0;url={url}">',
        "srcset": f'<img srcset="data:image/png;base64,AAAA 1x, {url} 2x">',
        "script": f"<script>location = '{url}'</script>",
        "percent coded": f'<a href="data:application/zip,{quoted}">x</a>',
        "percent, no quotes": f"<a href=data:a/b,{quoted}>x</a>",
        "html in it": "<iframe src='data:text/html,"
        + urllib.parse.quote(f'<a href="{url}">x</a>')
        + "'></iframe>",
        "html in base64": '<iframe src="data:text/html;base64,'
        + base64.b64encode(f'<a href="{url}">x</a>'.encode()).decode()
        + '"></iframe>',
        "svg in css": "<style>p { background: url(\"data:image/svg+xml,<svg><image href='"
        + url
        + "'/></svg>\") }</style>",
        "after a false one": f'data: data:, data:x <p title="data:text/html"> <a href="{url}">',
        "after an open one": f'<!-- <a x="data:image/png,--> <img src=\'{url}\'> <p title="x">',
        "after a run": f'<p>x data:;base64,AAAA data:;base64,{b64}">',
        "in a comment": f'<!--[if mso]><a href="{url}"><![endif]-->',
        "cut off": f'<a href="{url}',
    }


URLS = ways(ZIP)
GOOD = ways(zipped(("good.exe", b"some text " * 20)))


@pytest.mark.parametrize("form", URLS)
def test_found_in_every_way_to_write_it(scan, form):
    report = scan(crlf("<p>Hello</p>\n" + URLS[form]))
    assert names(report) == ["infected"]
    assert only(report)["part"].endswith("/bad.exe")


@pytest.mark.parametrize("form", URLS)
def test_the_harmless_twin_is_clean(scan, form):
    assert verdict(scan(crlf("<p>Hello</p>\n" + GOOD[form]))) == "clean"


def test_the_name_has_the_type(scan):
    report = scan(f'<a href="{URL}">')
    assert only(report)["part"] == "part-2/data.zip/bad.exe"
    picture = base64.b64encode(BAD).decode()
    report = scan(f'<img src="data:image/svg+xml;charset=x;base64,{picture}">')
    assert only(report)["part"] == "part-2/data.svg"


WIDE = {
    "little, mark": ("utf-16-le", b"\xff\xfe"),
    "big, mark": ("utf-16-be", b"\xfe\xff"),
    "little": ("utf-16-le", b""),
    "big": ("utf-16-be", b""),
}


@pytest.mark.parametrize("form", WIDE)
def test_utf_16(scan, screen_one, type_of, form):
    coding, mark = WIDE[form]
    text = f"<html>\n<p>äöü</p><a href='{URL}'>x</a>\n<script>1</script>"
    octets = mark + text.encode(coding)
    for kind in ("text/html", "application/octet-stream"):
        report = screen_one(multipart(TEXT, attachment(octets, "a.bin", kind)))
        assert names(report) == ["infected"], kind
        assert type_of(octets, kind) == "html-script"
    assert names(scan(octets)) == ["infected"]


def test_a_message_in_html_alone(screen_one):
    """By its first 14 octets, and not by them."""
    for start in ("<!DOCTYPE html>", "Hello ", "%PDF-1.4 ", "#!/bin/sh ", "\0\0"):
        octets = part(f'{start}<a href="{URL}">x</a>')
        assert "infected" in names(screen_one(octets)), start


def test_what_a_message_begins_with_hides_nothing(screen_one):
    held = multipart(TEXT, attachment(BAD))
    for start in (
        b"%PDF-1.4\r\n",
        b"#!/bin/sh\r\n",
        b"L\0\0\0\1\x14\2\0\0\0\0\0\xc0\0x\r\n",
        b"<p>\r\n",
    ):
        assert "infected" in names(screen_one(start + held)), start


def test_an_attached_page(screen_one):
    text = f'<html><a href="{URL}">x</a>'.encode()
    for octets, name in (
        (text, "a.bin"),
        (b"GIF89a" + text, "a.html"),
        (b"x" * 2000 + text, "a.HTM"),
    ):
        assert names(screen_one(multipart(TEXT, attachment(octets, name)))) == ["infected"]
    assert names(screen_one(multipart(TEXT, attachment(gzip.compress(text), "a.gz")))) == [
        "infected"
    ]
    plain = part(text, "text/plain; name=a.html")
    assert names(screen_one(multipart(TEXT, plain))) == ["infected"]


TYPES = {
    "html": [
        "<html><p>Hello</p>",
        "<p>A book on javascript: the good parts, and onclick=no",
        '<p><a href="https://example.org/?a=1&amp;only=2&ontario=3">x</a>',
        "<html><head><script type=\"application/ld+json\">{}</script><p title='a>b'>",
        "<!DOCTYPE html><noscript>x</noscript><scripture>",
        '<img src="data:image/png;base64,AAAA">',
        "",
    ],
    "html-script": [
        "<script>1</script>",
        "<p><SCRIPT src=x>",
        "<p><script/src=x>",
        "<p><scr\0ipt>",
        "<p><script",
        "<p><x:script xmlns:x='http://www.w3.org/1999/xhtml'>",
        '<script type="application/ld+json" async>1</script>',
        "<img src=x onerror=alert(1)>",
        "<img src=x onerror \n =alert(1)>",
        "<img src=x onerror" + " \n" * 300 + "=alert(1)>",
        "<img src=x o&#110;=1 onerror=alert(1)>",
        "<img/src='x'onerror=alert(1)>",
        "<img src='>' onerror=alert(1)>",
        "<img =\"' onerror=alert(1) x=\">",
        "<body\nonload='x()'>",
        "<a href=javascript:x()>",
        "<a href=' java\nscript:x()'>",
        "<a href='&#106;avascript&colon;x()'>",
        "<a href='vbscript:x'>",
        "<iframe src='data:text/html,<script>1</script>'>",
        "<iframe src='data:text/html;base64,PHNjcmlwdD4xPC9zY3JpcHQ+'>",
        "<p>data:;base64,AA <img onerror=x>",
    ],
    "svg": ["<svg xmlns='http://www.w3.org/2000/svg'><a href='x'/></svg>",
            "<?xml version='1.0'?><!-- x --><!DOCTYPE svg><svg:svg/>"],
    "svg-script": ["<svg onload='x()'/>", "<?xml version='1.0'?><svg><script>1</script></svg>"],
    "hta": ["<html><head><hta:application id=x><script>1</script>", "<HTA:APPLICATION>"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in TYPES.items() for text in texts]
)
def test_scripts_give_the_type(type_of, kind, text):
    assert type_of(text.encode(), "text/html") == kind
    if text.startswith("<"):
        assert type_of(text.encode(), name="a.html") == kind


def test_other_types(type_of):
    assert type_of(b"#!/bin/sh\nls\n") == "script"
    assert type_of(b"<job id=x><script language=vbscript>1</script></job>") == "script"
    assert type_of(b"<?xml version='1.0'?><package><job/></package>") == "script"
    assert type_of(b"<?xml version='1.0'?><feed><title>x</title></feed>") == "xml"
    link = b"L\0\0\0" + bytes.fromhex("0114020000000000c000000000000046") + bytes(60)
    assert type_of(link) == "lnk"
    assert type_of(b"hello <p>") == "text"


def test_uuencode_in_html(scan):
    lines = "begin 644 bad.zip\r\n"
    for i in range(0, len(BAD), 45):
        lines += binascii.b2a_uu(BAD[i : i + 45]).decode().replace("\n", "\r\n")
    lines += "`\r\nend\r\n"
    assert names(scan("<p>x</p>\r\n" + lines)) == ["infected"]
    assert names(scan("<p>x</p>\r\n" + lines + f'<a href="{URL}">\r\n')) == [
        "infected",
        "infected",
    ]
    both = lines[:-7] + f'<a href="{URL}">\r\n' + lines[-7:]
    assert set(names(scan(both))) == {"ambiguous", "infected"}
    inside = f'<a title="data:a/b,\r\n{lines}">'
    assert "ambiguous" in names(scan(inside))


def test_an_ordinary_newsletter_is_clean(scan):
    pixel = base64.b64encode(random.Random(1).randbytes(3000)).decode()
    row = (
        "<tr><td style=\"font-family:'Segoe UI',sans-serif;background:#fff url(https://a.example/"
        f'x.png)"><a href="https://a.example/?q=1&amp;data=2&b=3">Data: 3 &lt; 4, 5</a>'
        f'<img alt="" src="data:image/png;base64,{pixel}"></td></tr>\n'
    )
    report = scan(crlf("<!DOCTYPE html><html><body><table>\n" + row * 200 + "</table>"), fast=True)
    assert names(report) == []
    assert report["entries"] == 3 + 200


def test_each_limit_has_its_verdict(scan):
    text = f'<a href="{URL}">' * 30
    assert names(scan(text, "--limit", "entries=20")) == ["infected", "too-many"]
    assert "too-large" in names(scan(text, "--limit", "expanded=100"))
    assert names(scan(text, "--limit", "depth=3")) == ["too-deep"]
    assert set(names(scan(text, "--limit", "work=2000"))) == {"over-budget"}
    nested = "x"
    for _ in range(20):
        nested = "<iframe src='data:text/html," + urllib.parse.quote(nested) + "'>"
        if len(nested) > 200_000:
            break
    assert "too-deep" in names(scan(nested, "--limit", "depth=8", fast=True))


@pytest.mark.parametrize(
    "form",
    ["entities", "line ends", "percent coded", "html in it", "after an open one", "srcset"],
)
def test_every_cut_gives_the_same_report(scan, form, soak):
    scan(crlf("<p>\n" + URLS[form]), "--every-cut", fast=not soak)


# OneNote

ONENOTE = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3")
FILE_DATA = bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac")
FILE_END = bytes.fromhex("22a7fb71790f0b4abb13899256426b24")


def section(*files, mark=ONENOTE):
    octets = mark + bytes(1008)
    for held in files:
        octets += FILE_DATA + struct.pack("<QIQ", len(held), 0, 0) + held
        octets += bytes(-len(octets) % 8) + FILE_END + b"page" * 8
    return octets


@pytest.fixture
def scan_note(screen_one):
    def run(octets, *options, **more):
        return screen_one(multipart(TEXT, attachment(octets, "a.one")), *options, **more)

    return run


def test_files_in_onenote(scan_note, type_of):
    good = b"\xe7\x16 some text " * 9
    assert names(scan_note(section(good, good))) == []
    report = scan_note(section(good, ZIP, good))
    assert only(report)["part"] == "a.one/file-2/bad.exe"
    toc = bytes.fromhex("a12fff43d9ef764c9ee210ea5722765f")
    assert names(scan_note(section(ZIP, mark=toc))) == ["infected"]
    assert type_of(section(good)) == "onenote"


def test_a_false_size_hides_nothing(scan_note):
    first = FILE_DATA + struct.pack("<QIQ", 400, 0, 0) + b"x" * 20
    assert names(scan_note(ONENOTE + bytes(99) + first + section(ZIP)[16:])) == ["infected"]
    endless = FILE_DATA + struct.pack("<QIQ", 2**63, 0, 0)
    assert names(scan_note(ONENOTE + bytes(99) + endless + section(ZIP)[16:])) == [
        "infected",
        "malformed",
    ]
    many = ONENOTE + (FILE_DATA + struct.pack("<QIQ", 10**6, 0, 0)) * 30_000
    report = scan_note(many, "--limit", "work=200000000", fast=True)
    assert report["seconds"] < 10
    assert verdict(report) in ("too-large", "over-budget", "malformed")


def test_onenote_cut_at_each_octet(screen):
    head = b"Content-Type: application/onenote\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    octets = (ONENOTE + section(BAD)[600:]).replace(b"\n.", b"\n..")
    reports = screen([head + octets], "--every-prefix")
    verdicts = [verdict(report) for report in reports][len(head) :]
    begin = octets.index(FILE_DATA) + 16
    assert set(verdicts[begin:]) == {"infected", "malformed"}
    assert set(verdicts[verdicts.index("infected") :]) == {"infected"}


def test_limits_of_onenote(scan_note):
    assert names(scan_note(section(*[b"x" * 99] * 9), "--limit", "entries=6")) == ["too-many"]
    assert names(scan_note(section(b"x" * 99), "--limit", "expanded=50")) == ["too-large"]
    assert names(scan_note(section(b"x" * 99), "--limit", "depth=3")) == ["too-deep"]
    assert names(scan_note(section(b"x" * 99), "--scratch", "100")) == ["too-large"]


def test_every_cut_of_onenote(scan_note, soak):
    scan_note(section(b"x" * 9, BAD)[-900:], "--every-cut", fast=not soak)
    scan_note(ONENOTE + section(BAD)[900:], "--every-cut", fast=not soak)
