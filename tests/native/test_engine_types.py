"""Types by content, names that lie, and the rules of the settings, as tables."""

import gzip
import hashlib
import io
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest
from mailmaking import BAD, EICAR, TEXT, attachment, multipart, names, verdict, zipped
from restante.screening import rules

TOP = Path(__file__).resolve().parents[2]
VERIFY = (rules.VERIFY, b"")


def blob(*items):
    """The option that gives these rules."""
    octets = b"".join(bytes([kind, len(data)]) + data for kind, data in items)
    return "--rules", octets.hex()


def program(mark=b"PE\0\0", at=0x80):
    head = bytearray(b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0" + bytes(0x30))
    head[0x3C:0x40] = struct.pack("<I", at)
    return bytes(head).ljust(at, b"\0") + mark + b"\x4c\1" + bytes(200)


def ole():
    return bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504)


def png():
    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0\0"))
        + chunk(b"IEND", b"")
    )


def bmp():
    return b"BM" + struct.pack("<IHHIIiiHH", 58, 0, 0, 54, 40, 1, 1, 1, 24) + bytes(28)


def ico():
    return (
        struct.pack("<HHH", 0, 1, 1)
        + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, 40, 22)
        + bytes(40)
    )


def tarred():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        entry = tarfile.TarInfo("a.txt")
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"hello"))
    return file.getvalue()


def riff(kind):
    return b"RIFF" + struct.pack("<I", 100) + kind + b"fmt " + bytes(92)


def jar():
    return zipped(("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\r\n"), ("A.class", b"x"))


def docx():
    return zipped(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>"))


LNK = bytes.fromhex("4c0000000114020000000000c000000000000046") + bytes(80)
MACHO = bytes.fromhex("cffaedfe0700000103000000") + bytes(60)
FAT = bytes.fromhex("cafebabe00000002") + bytes(60)
JAVA = bytes.fromhex("cafebabe00000034") + bytes(60)
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer<<>>\n%%EOF\n"
RTF = b"{\\rtf1\\ansi hello}"
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + bytes(40) + b"\xff\xd9"
GIF = b"GIF89a\1\0\1\0\0\0\0;"
MP4 = b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + bytes(40)
P7M = bytes.fromhex("308006092a864886f70d010703a080") + bytes(40)
P7S = bytes.fromhex("3082062506092a864886f70d010702a0820616") + bytes(40)
PGP = bytes.fromhex("85010c03") + bytes(8) + b"\1" + bytes(60)

# What is judged as a file of its own: octets -> type.
MARKS = {
    "pe": program(),
    "ne": program(b"NE"),
    "le": program(b"LE"),
    "dos": program(b"??"),
    "elf": b"\x7fELF\2\1\1\0" + bytes(60),
    "mach-o": MACHO,
    "java-class": JAVA,
    "jar": jar(),
    "apk": zipped(("AndroidManifest.xml", b"\3\0\x08\0"), ("classes.dex", b"x")),
    "dex": b"dex\n035\0" + bytes(60),
    "script": b"#!/bin/sh\nexit\n",
    "hta": b"<html><head><HTA:APPLICATION ID='x'></head></html>",
    "chm": b"ITSF\3\0\0\0" + bytes(60),
    "registry": b"Windows Registry Editor Version 5.00\r\n",
    "lnk": LNK,
    "url": b"[InternetShortcut]\r\nURL=http://example.org/\r\n",
    "ole": ole(),
    "rtf": RTF,
    "onenote": bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3") + bytes(60),
    "pdf": PDF,
    "postscript": b"%!PS-Adobe-3.0\n",
    "epub": zipped(
        ("mimetype", b"application/epub+zip"), ("a.html", b"x"), method=zipfile.ZIP_STORED
    ),
    "text": b"hello, all\r\n",
    "html": b"\xef\xbb\xbf\r\n <!DOCTYPE HTML><p>x",
    "xml": b"<?xml version='1.0'?><a/>",
    "svg": b"<?xml version='1.0'?><!-- x --><svg xmlns='http://www.w3.org/2000/svg'/>",
    "calendar": b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
    "vcard": b"BEGIN:VCARD\r\nEND:VCARD\r\n",
    "png": png(),
    "jpeg": JPEG,
    "gif": GIF,
    "bmp": bmp(),
    "tiff": b"II*\0\x08\0\0\0" + bytes(20),
    "webp": riff(b"WEBP"),
    "ico": ico(),
    "emf": b"\1\0\0\0" + bytes(36) + b" EMF" + bytes(40),
    "wmf": b"\xd7\xcd\xc6\x9a" + bytes(40),
    "psd": b"8BPS\0\1" + bytes(40),
    "heic": b"\0\0\0\x18ftypheic" + bytes(40),
    "mp3": b"ID3\3\0\0\0\0\0\x0a" + bytes(40),
    "wav": riff(b"WAVE"),
    "flac": b"fLaC" + bytes(40),
    "midi": b"MThd\0\0\0\6" + bytes(20),
    "ogg": b"OggS\0\2" + bytes(40),
    "mp4": MP4,
    "avi": riff(b"AVI "),
    "asf": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(20),
    "matroska": bytes.fromhex("1a45dfa3") + bytes(40),
    "mpeg": bytes.fromhex("000001ba44") + bytes(40),
    "truetype": b"\0\1\0\0\0\x0f\0\x80" + bytes(40),
    "opentype": b"OTTO\0\x0f\0\x80" + bytes(40),
    "woff": b"wOF2\0\1\0\0" + bytes(40),
    "vhd": b"conectix" + bytes(500),
    "vhdx": b"vhdxfile" + bytes(500),
    "vmdk": b"KDMV\1\0\0\0" + bytes(500),
    "qcow": b"QFI\xfb\0\0\0\3" + bytes(60),
    "wim": b"MSWIM\0\0\0" + bytes(60),
    "ar": b"!<arch>\n" + b"debian-binary   ",
    "cpio": b"070701" + b"%08x" * 13 % (*[0] * 11, 2, 0) + b"a\0",
    "rpm": bytes.fromhex("edabeedb0300") + bytes(60),
    "xar": b"xar!\0\x1c\0\1" + bytes(60),
    "lz4": bytes.fromhex("04224d186440a7") + bytes(20),
    "szdd": bytes.fromhex("535a444488f02733") + bytes(20),
    "stuffit": b"StuffIt (c)1997-" + bytes(60),
    "zoo": b"ZOO 2.10 Archive.\x1a\0\0\xdc\xa7\xc4\xfd" + bytes(60),
    "iscab": b"ISc(\x0c\x60\0\1" + bytes(20),
    "alz": b"ALZ\1\x0a\0\0\0" + bytes(20),
    "egg": b"EGGA\0\1" + bytes(20),
    "pgp": PGP,
    "smime": P7S,
    "unknown": bytes(range(200, 256)) + bytes(20),
}
MORE_MARKS = (
    ("mach-o", FAT),
    ("smime", P7M),
    ("pgp", b"-----BEGIN PGP MESSAGE-----\r\n"),
    ("mp3", bytes.fromhex("fffb9064") + bytes(40)),
    ("svg", b"<svg xmlns='x'/>"),
    ("dos", program(at=0x4000)[:600]),
    ("text", b"MZ is the mark of a program.\r\n"),
    ("text", b"BM is no image, PK no archive.\r\n"),
    ("text", b"#!not a script"),
    ("text", "\ufeffUTF-16 text".encode("utf-16-le")),
    ("text", b""),
    ("unknown", b"BM" + bytes(60)),
    ("unknown", b"\xff\xd8\xfe" + bytes(60)),
)
ONLY_NONE = (rules.ONLY_NAME, b"no such name")


def found_types(reports):
    start = "not among what is allowed: "
    return [
        [
            f["signature"].removeprefix(start)
            for f in r["findings"]
            if f["signature"].startswith(start)
        ]
        for r in reports
    ]


# Containers: what lies in them is judged, so "only" says nothing of them.
OPENED = ("vhd", "ar", "cpio", "szdd")


def test_types_of_containers(screen):
    for kind in OPENED:
        for octets, forbids in ((MARKS[kind], True), (b"text", False)):
            message = multipart(TEXT, attachment(octets, "x"))
            (report,) = screen([message], *blob((rules.FORBID_TYPE, kind.encode())))
            found = [f["signature"] for f in report["findings"]]
            assert (f"type {kind}" in found) is forbids, kind


def test_types_by_content(screen):
    rows = [*((k, o) for k, o in MARKS.items() if k not in OPENED), *MORE_MARKS]
    reports = screen([multipart(TEXT, attachment(o, "x")) for _, o in rows], *blob(ONLY_NONE))
    for (wanted, octets), found in zip(rows, found_types(reports), strict=True):
        assert found[-1:] == [wanted], (wanted, octets[:40])


# Names of files whose octets say nothing: type.
BY_NAME = (
    ("a.bat batch", "a.CMD batch", "a.vbs vbscript", "a.vbe vbscript", "a.js javascript")
    + ("a.jse javascript", "a.wsf script", "a.wsh script", "a.sct script", "a.ps1 powershell")
    + ("a.hta hta", "a.reg registry", "a.inf inf", "a.url url", "a.iqy web-query")
    + ("a.slk web-query", "a.exe program", "a.scr program", "a.pif program", "a.dll program")
    + ("a.cpl program", "a.py script", "a.sh script", "a.txt text", "a.com text", "a.jpg text")
    + ("a.b/c.VBS vbscript", "c:\\x\\y.vbs vbscript", "a.vbs. vbscript", "a.exe.. program")
    + ("vbs text", ".vbs vbscript", "a.vbs.txt text", "a.v text", "a. text", "... text")
    + ("a.settingcontent-ms web-query", "a.appref-ms program", "a.iso iso", "a.pdf text")
)


def test_types_by_name(screen):
    rows = [row.rsplit(" ", 1) for row in BY_NAME]
    parts = [attachment(b"harmless text\r\n", n.replace("\\", "\\\\")) for n, _ in rows]
    reports = screen([multipart(TEXT, part) for part in parts], *blob(ONLY_NONE))
    for (name, wanted), found in zip(rows, found_types(reports), strict=True):
        assert found == [wanted], name
    (report,) = screen([multipart(TEXT, attachment(bytes([7] * 99), "a.com"))], *blob(ONLY_NONE))
    assert found_types([report]) == [["program"]]


# -- verify

OCTETS = "application/octet-stream"
CONTENT = {
    **MARKS,
    "zip": zipped(("a.txt", b"x")),
    "docx": docx(),
    "gzip": gzip.compress(b"hello"),
    "tar": tarred(),
    "7z": b"7z\xbc\xaf\x27\x1c" + bytes(40),
    "rar": b"Rar!\x1a\x07\1\0" + bytes(40),
    "cab": b"MSCF\0\0\0\0" + bytes(40),
    "csv": b"a;b;c\r\n1;2;3\r\n",
    "batch": b"@echo off\r\n",
}
RUNS = ("pe", "dos", "ne", "elf", "mach-o", "java-class", "dex", "lnk", "chm", "hta")
HARMLESS = (
    ("jpg", "jpeg", "png", "gif", "bmp", "tiff", "webp", "ico", "svg", "heic", "wmf", "emf")
    + ("pdf", "ps", "doc", "docx", "docm", "xls", "xlsx", "xlsm", "ppt", "pptx", "odt", "ods")
    + ("rtf", "one", "mp3", "wav", "flac", "ogg", "mp4", "avi", "mkv", "wmv", "mov", "m4a")
    + ("txt", "csv", "html", "htm", "xml", "json", "ics", "vcf", "zip", "rar", "7z", "gz", "tar")
    + ("iso", "ttf", "woff", "epub", "eml", "msg", "p7s", "log", "md", "css")
)
OF_FAMILY = {
    "png": "jpg jpeg gif bmp tif tiff webp ico svg PNG heic",
    "jpeg": "jpg jpeg jpe jfif png gif tif webp JPG",
    "gif": "gif png jpg",
    "pdf": "pdf PDF ps ai",
    "ole": "doc xls ppt dot msg msi pub vsd docx",
    "docx": "docx xlsx pptx doc odt zip docm epub vsdx",
    "zip": "zip docx xlsx jar apk epub odt",
    "jar": "jar zip",
    "rtf": "rtf doc docx",
    "mp4": "mp4 mov m4a mp3 3gp m4v avi",
    "mp3": "mp3 wav m4a mp4",
    "ogg": "ogg ogv oga opus",
    "gzip": "gz tgz svgz emz wmz zip",
    "tar": "tar gz tgz",
    "rar": "rar zip 7z",
    "cab": "cab zip onepkg",
    "pe": "exe dll scr com pif cpl ocx sys",
    "elf": "so elf sh",
    "smime": "p7s p7m p7c txt",
    "pgp": "pgp gpg asc txt",
    "hta": "hta",
    "lnk": "lnk",
    "java-class": "class",
    "onenote": "one",
}
# Extensions of which nothing is known, and names without.
ANY = ("x", "x.dat", "x.bin", "x.tmp", "x.bak", "x.001", "x.data", "x.xyz", "x.a b", "winmail.dat")


def harmless():
    """(name, declared type, content) that real programs send."""
    for kind, endings in OF_FAMILY.items():
        for ending in endings.split():
            yield f"photo.{ending}", OCTETS, kind
    for kind in CONTENT:
        for name in ANY:
            yield name, OCTETS, kind
    for kind in ("text", "html", "xml", "csv", "svg", "calendar", "vcard", "unknown"):
        for ending in HARMLESS:
            yield f"report.{ending}", OCTETS, kind
            yield f"report.{ending}", "text/plain", kind
    for name, declared, kind in (
        ("a.docx", "application/zip", "docx"),
        ("a.docx", "application/msword", "docx"),
        ("a.docx", "text/plain", "docx"),
        ("a.doc", "application/msword", "rtf"),
        ("a.csv", "text/csv", "ole"),
        ("a.xls", "application/vnd.ms-excel", "html"),
        ("a.pdf", "image/png", "pdf"),
        ("a.jpg", "image/png", "jpeg"),
        ("a.pdf", "application/x-unknown", "pdf"),
        ("a.pdf", "text/plain", "pdf"),
        ("a", "image/png", "jpeg"),
        ("a", "text/plain", "pdf"),
        ("a", "application/vnd.ms-excel", "docx"),
        ("image001.php", "image/png", "png"),
        ("show.aspx", "image/gif", "gif"),
        ("setup.exe", "application/x-msdownload", "pe"),
        ("setup.exe", "application/x-dosexec", "pe"),
        ("run.sh", "text/x-sh", "script"),
        ("run.sh", "text/plain", "script"),
        ("readme.txt", "text/plain", "script"),
        ("configure", "text/plain", "script"),
        ("a.bat", "text/plain", "batch"),
        ("a.js", "text/javascript", "text"),
        ("a.js", "application/javascript", "text"),
        ("style.css.js", OCTETS, "text"),
        ("index.html.js", OCTETS, "text"),
        ("jquery.min.js", OCTETS, "text"),
        ("libfoo.so.1.2", OCTETS, "elf"),
        ("setup.1.2.exe", OCTETS, "pe"),
        ("Mr. Smith v1.0.exe", OCTETS, "pe"),
        ("my  setup .exe", OCTETS, "pe"),
        ("report.pdf ", OCTETS, "pdf"),
        ("meeting notes.", OCTETS, "text"),
        ("archive.tar.gz", OCTETS, "gzip"),
        ("report.2024.pdf.zip", OCTETS, "zip"),
        ("example.com", "text/html", "html"),
        ("logo example.com", "image/png", "png"),
        ("a.jpg", "application/pdf", "text"),
        ("a.eml", "text/plain", "text"),
        ("smime.p7s", "application/pkcs7-signature", "smime"),
        ("\u202bx\u202c.pdf", OCTETS, "pdf"),
    ):
        yield name, declared, kind


def lies():
    """(name, declared type, content) that deceive."""
    for kind in RUNS:
        for ending in HARMLESS:
            yield f"invoice.{ending}", OCTETS, kind
        for declared in ("image/jpeg", "audio/x-wav", "video/mp4", "application/pdf"):
            yield "x", declared, kind
            yield "x.exe", declared, kind
        yield "x", "text/plain", kind
        yield "x", "application/msword", kind
    for kind, endings in (
        ("pdf", "jpg mp3 doc zip txt exe lnk"),
        ("png", "pdf doc zip txt mp3 exe vbs"),
        ("gif", "hta js bat"),
        ("ole", "pdf jpg zip mp4"),
        ("docx", "jpg txt mp3"),
        ("zip", "jpg txt mp3 html"),
        ("rar", "pdf doc jpg txt"),
        ("gzip", "pdf doc jpg"),
        ("7z", "docx png"),
        ("rtf", "pdf jpg zip"),
        ("mp4", "pdf zip doc"),
        ("vhd", "pdf jpg"),
        ("jar", "pdf jpg docx txt"),
        ("script", "jpg pdf docx zip"),
    ):
        for ending in endings.split():
            yield f"invoice.{ending}", OCTETS, kind
    yield "x", "image/png", "zip"
    yield "x", "application/pdf", "rar"
    yield "x", "audio/mpeg", "pdf"
    for kind in ("text", "pe", "unknown"):
        for name in (
            "invoice.pdf.exe",
            "invoice.PDF.ExE",
            "photo.jpg.scr",
            "a.txt.vbs",
            "a.doc.js",
            "a.xlsx.lnk",
            "a.zip.com",
            "a.mp4.bat",
            "a.htm.pif",
            "a.pdf .exe",
            "invoice.exe.",
            "invoice.exe ",
            "invoice.exe . .",
            "invoice.exe\u00a0",
            "invoice.exe\u3000",
            "invoice" + " " * 40 + ".exe",
            "invoice" + "\u3000" * 3 + ".exe",
            "ann\u202eexe.fdp",
            "ann\u202dx.pdf",
            "d/\u202egpj.scr",
            "x" * 300 + ".pdf.exe",
        ):
            yield name, OCTETS, kind
    for name in ("a.vbs", "a.bat", "a.js", "a.hta", "a.url", "a.lnk"):
        yield name, "image/png", "text"
        yield name, "audio/midi", "text"


def of(name, declared, kind):
    head = f'Content-Type: {declared}; name="{name}"'
    if not name.isascii():
        head = f"Content-Type: {declared}; name*=utf-8''" + "".join(
            f"%{o:02X}" for o in name.encode()
        )
    part = attachment(CONTENT[kind], "", declared).split(b"\r\n", 1)[1]
    return multipart(TEXT, head.encode() + b"\r\n" + part)


def mismatches(screen, rows):
    reports = screen([of(*row) for row in rows], *blob(VERIFY), fast=True)
    return ["mismatch" in names(report) for report in reports]


def test_confusions_of_real_programs_are_no_mismatch(screen):
    rows = list(harmless())
    assert len(rows) > 1000
    wrong = [r for r, lie in zip(rows, mismatches(screen, rows), strict=True) if lie]
    assert wrong == []


def test_what_deceives_is_a_mismatch(screen):
    rows = list(lies())
    assert len(rows) > 700
    wrong = [r for r, lie in zip(rows, mismatches(screen, rows), strict=True) if not lie]
    assert wrong == []


def test_a_sample_of_both_under_the_sanitizers_and_at_every_cut(screen):
    rows = [*list(harmless())[::251], *list(lies())[::151]]
    screen([of(*row) for row in rows], *blob(VERIFY, ONLY_NONE), "--every-cut")


def test_without_the_rule_nothing_is_verified(screen_one):
    assert names(screen_one(of("invoice.pdf", OCTETS, "pe"))) == []
    report = screen_one(of("invoice.pdf", OCTETS, "pe"), *blob(VERIFY))
    assert verdict(report) == "mismatch"
    (finding,) = report["findings"]
    assert finding["edit"] == 1 and finding["part"] == "invoice.pdf"
    assert finding["signature"] == "a program under the name of something else: pe"


# -- names inside archives, and names that two readers take differently


def inside(screen_one, container, *items):
    return names(screen_one(multipart(TEXT, attachment(container, "a.zip")), *blob(*items)))


EXE = (rules.FORBID_NAME, b"*.exe")


def named_tar(name):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as archive:
        entry = tarfile.TarInfo(name)
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"hello"))
    return file.getvalue()


@pytest.mark.parametrize(
    "name",
    ["a.exe", "d/e/A.EXE", "a.exe. .", "x" * 300 + ".exe", "d\\a.exe", "a\u20ac" * 80 + ".exe"],
)
def test_names_inside_archives_are_forbidden(screen_one, name):
    for container in (
        zipped((name, b"hello")),
        zipped(("b.zip", zipped((name, b"hello")))),
        named_tar(name),
        gzip.compress(named_tar(name)),
    ):
        assert inside(screen_one, container, EXE) == ["forbidden"]
        assert inside(screen_one, container, (rules.FORBID_NAME, b"*.pdf")) == []
        assert inside(screen_one, container, (rules.FORBID_TYPE, b"executable")) == ["forbidden"]
    assert inside(screen_one, zipped((name + ".txt", b"hello")), EXE) == []


def test_a_name_with_nul_in_a_zip(screen_one):
    container = zipped(("a.txt#.exe", b"hello")).replace(b"#", b"\0")
    assert inside(screen_one, container, VERIFY) == ["mismatch"]
    assert inside(screen_one, container, EXE) == ["forbidden"]


def test_names_of_files_that_are_not_opened(screen_one):
    container = bytearray(zipped(("secret.exe", b"hello")))
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        container[container.find(mark) + at] |= 1  # encrypted
    assert inside(screen_one, bytes(container), EXE) == ["encrypted", "forbidden"]
    assert inside(screen_one, bytes(container)) == ["encrypted"]


@pytest.mark.parametrize(
    "fields",
    [
        'Content-Type: x/y; name="a.exe"\r\nContent-Disposition: x; filename="a.txt"',
        'Content-Disposition: x; filename="a.txt"\r\nContent-Type: x/y; name="a.exe"',
        "Content-Disposition: attachment; filename=\"a.txt\"; filename*=utf-8''a.exe",
        "Content-Disposition: attachment; filename=\"a.exe\"; filename*=utf-8''a.txt",
        'Content-Disposition: attachment; filename*0="a."; filename*1="exe"',
        'Content-Type: x/y; name="a.exe"\r\n'
        "Content-Disposition: attachment; filename=\"b.txt\"; filename*=utf-8''c.txt",
        "Content-Disposition: attachment; filename==?utf-8?B?YS5leGU=?=",
        'Content-Disposition: attachment; filename="%s.exe"' % ("y" * 5000),
    ],
    ids=range(8),
)
def test_every_name_that_a_reader_may_take_counts(screen_one, fields):
    part = fields.encode() + b"\r\n\r\nhello\r\n"
    assert names(screen_one(multipart(TEXT, part), *blob(EXE))) == ["forbidden"]


# -- forbid, only, exclude, allow


def test_forbidden_types(screen):
    rows = (
        ("pe", "executable", True),
        ("pe", "pe", True),
        ("pe", "elf", False),
        ("pe", "PE", True),
        ("jar", "executable", True),
        ("jar", "archive", False),
        ("zip", "archive", True),
        ("png", "image", True),
        ("png", "png", True),
        ("png", "pn", False),
        ("batch", "script", False),
        ("unknown", "unknown", True),
        ("unknown", "", None),
    )
    for kind, rule, wanted in rows:
        if wanted is not None:
            item = (rules.FORBID_TYPE, rule.encode())
            (report,) = screen([of("x", OCTETS, kind)], *blob(item))
            assert ("forbidden" in names(report)) == wanted, (kind, rule)


def test_the_message_and_its_text_are_not_judged(screen_one):
    every = [(rules.FORBID_TYPE, name) for name in (b"text", b"mail", b"unknown", b"archive")]
    message = b"Subject: x\r\n\r\nHello.\r\n"
    for octets in (message, multipart(TEXT), multipart(b"Content-Type: text/html\r\n\r\n<p>x")):
        assert names(screen_one(octets, *blob(*every, ONLY_NONE, (rules.FORBID_NAME, b"*")))) == []


def test_only(screen_one):
    only = blob((rules.ONLY_TYPE, b"image"), (rules.ONLY_NAME, b"*.pdf"))
    for name, kind, wanted in (
        ("a.png", "png", []),
        ("a.pdf", "pdf", []),
        ("a.pdf", "text", []),
        ("a.txt", "text", ["forbidden"]),
        ("a.png", "text", ["forbidden"]),
        ("a.exe", "pe", ["forbidden"]),
        ("a.zip", "zip", ["forbidden"]),  # the text in it
    ):
        assert names(screen_one(of(name, OCTETS, kind), *only)) == wanted, name
    for entries, wanted in (
        ((("a.png", CONTENT["png"]),), []),
        ((("a.png", CONTENT["png"]), ("b.txt", b"hello")), ["forbidden"]),
        ((("x.zip", zipped(("a.pdf", PDF))),), []),
        ((("x.zip", zipped(("a.exe", program()))),), ["forbidden"]),
    ):
        message = multipart(TEXT, attachment(zipped(*entries), "a.zip"))
        assert names(screen_one(message, *only)) == wanted
    nested = b"Content-Type: message/rfc822\r\n\r\n" + multipart(TEXT, attachment(PDF, "a.pdf"))
    assert names(screen_one(multipart(TEXT, nested, boundary="b1"), *only)) == []


def test_what_a_document_is_made_of_is_no_file(screen_one):
    parts = (("[Content_Types].xml", b"<Types/>"), ("word/a.xml", b"<w/>"), ("word/i.png", PDF))
    forbid = [(rules.FORBID_TYPE, name) for name in (b"xml", b"text", b"pdf")]
    only = (rules.ONLY_NAME, b"*.docx")
    for extra, wanted in (((), []), ((("word/embeddings/x.exe", program()),), ["forbidden"])):
        message = multipart(TEXT, attachment(zipped(*parts, *extra), "a.docx"))
        assert names(screen_one(message, *blob(VERIFY, only, *forbid))) == wanted
        assert names(screen_one(message, *blob(only, (rules.FORBID_TYPE, b"pe")))) == wanted


def test_excluded_types_are_not_matched_and_still_opened(screen_one):
    exclude = blob((rules.EXCLUDE_TYPE, b"script"))
    bad = b"#!/bin/sh\n" + BAD
    message = multipart(TEXT, attachment(bad, "x"))
    assert verdict(screen_one(message)) == "infected"
    assert verdict(screen_one(message, *exclude)) == "clean"
    assert verdict(screen_one(message, *exclude, "--every-cut")) == "clean"
    other = multipart(TEXT, attachment(BAD, "x.sh"))  # a name excludes nothing
    assert verdict(screen_one(other, *exclude)) == "infected"
    inner = multipart(TEXT, attachment(zipped(("a", BAD)), "x.zip"))
    assert verdict(screen_one(inner, *blob((rules.EXCLUDE_TYPE, b"archive")))) == "infected"


def digest(octets):
    return rules.ALLOW_HASH, hashlib.sha256(octets).digest()


def test_allowed_hashes(screen_one):
    archive = zipped(("a.exe", BAD), ("b.txt", b"hello"))
    message = multipart(TEXT, attachment(archive, "x.zip"), attachment(EICAR, "y.com"))
    assert screen_one(message)["found"] == 2
    for allowed, left in (
        ((archive,), ["infected"]),
        ((BAD,), ["infected"]),
        ((BAD, EICAR), []),
        ((archive, EICAR), []),
        ((b"hello",), ["infected", "infected"]),
        ((archive[:-1],), ["infected", "infected"]),
    ):
        report = screen_one(message, *blob(*map(digest, allowed)), "--every-cut")
        assert names(report) == left
        assert verdict(report) == ("infected" if left else "clean")
    rest = screen_one(message, *blob(digest(archive)))["findings"]
    assert rest[0]["part"] == "y.com"


def test_an_allowed_hash_takes_back_all_of_the_object_and_no_more(screen_one):
    item = digest(program())
    part = attachment(program(), "invoice.pdf")
    assert names(screen_one(multipart(TEXT, part), *blob(VERIFY, EXE))) == ["mismatch"]
    assert names(screen_one(multipart(TEXT, part), *blob(VERIFY, EXE, item))) == []
    twice = multipart(TEXT, part, attachment(EICAR, "invoice.exe"), part)
    assert names(screen_one(twice, *blob(VERIFY, EXE, item))) == ["forbidden", "infected"]
    odd = b"Content-Type: text/plain\r\nContent-Type: x/y\r\n" + part.split(b"\r\n", 1)[1]
    assert names(screen_one(multipart(TEXT, odd), *blob(VERIFY, item))) == ["ambiguous"]


def test_limits_stay_in_force_behind_an_allowed_object(screen_one):
    archive = zipped(*((f"{i}.txt", b"x") for i in range(20)))
    message = multipart(TEXT, attachment(archive, "x.zip"), attachment(EICAR, "y.com"))
    report = screen_one(message, *blob(digest(archive)), "--limit", "entries=10")
    assert names(report) == ["too-many"]


def test_allowed_signatures(screen_one):
    found = screen_one(multipart(TEXT, attachment(BAD, "x")))["findings"][0]["signature"]
    message = multipart(TEXT, attachment(BAD, "x"))

    def left(pattern, octets=message):
        return names(screen_one(octets, *blob((rules.ALLOW_SIGNATURE, pattern)), "--every-cut"))

    assert left(found.encode()) == [] and left(found.upper().encode()) == []
    assert left(b"*") == [] and left(found[:5].encode() + b"*") == []
    assert left(b"no such") == ["infected"] and left(found[:-1].encode()) == ["infected"]


def test_another_signature_in_the_same_object_still_counts(screen_one, tmp_path):
    source = tmp_path / "two.ndb"
    first, second = b"the first bad text", b"another bad text"
    source.write_text(f"Two.First:0:*:{first.hex()}\nTwo.Second:0:*:{second.hex()}\n")
    db = tmp_path / "two.sig"
    command = [sys.executable, "-m", "restante_tools", "signatures", "compile", "-o", str(db)]
    subprocess.run(
        [*command, "--name", "two", "--built", "1", str(source)],
        cwd=TOP / "host-tools",
        check=True,
        capture_output=True,
    )
    for octets in (first + b" " * 99 + second, second + b" " * 20000 + first):
        message = multipart(TEXT, attachment(octets, "x"))
        for allowed, left in (
            ("Two.F*", ["Two.Second"]),
            ("two.s*", ["Two.First"]),
            ("two.*", []),
        ):
            item = (rules.ALLOW_SIGNATURE, allowed.encode())
            report = screen_one(message, "--db", str(db), *blob(item))
            assert [f["signature"] for f in report["findings"]] == left
    both = [(rules.ALLOW_SIGNATURE, b"two.f*"), (rules.ALLOW_SIGNATURE, b"two.s*")]
    assert names(screen_one(message, "--db", str(db), *blob(*both))) == []


def test_allowed_signatures_of_hash_lists(screen_one, tmp_path):
    content = b"harmless content of a known hash"
    source = tmp_path / "one.hsb"
    source.write_text(f"{hashlib.sha256(content).hexdigest()}:{len(content)}:One.Hash:73\n")
    db = tmp_path / "one.sig"
    command = [sys.executable, "-m", "restante_tools", "signatures", "compile", "-o", str(db)]
    subprocess.run(
        [*command, "--name", "one", "--built", "1", str(source)],
        cwd=TOP / "host-tools",
        check=True,
        capture_output=True,
    )
    message = multipart(TEXT, attachment(content, "x"))
    for items, left in (
        ((), ["infected"]),
        (((rules.ALLOW_SIGNATURE, b"one.*"),), []),
        ((digest(content),), []),
        ((digest(b"other"),), ["infected"]),
    ):
        assert names(screen_one(message, "--db", str(db), *blob(*items))) == left


def test_rules_that_are_not_well_formed_are_refused(native_programs, tmp_path):
    mail = tmp_path / "mail"
    mail.write_bytes(b"Subject: x\r\n\r\nHello.\r\n")
    good = ("", "0100", "0203706466", "0720" + "00" * 32, "08012a" * 2730, "0203706466" * 2)
    bad = ("01", "010100", "0200", "02037064", "0203700066", "0000", "0901aa", "0701aa", "ff0161")
    bad += ("0720" + "00" * 31, "0203706466" + "02", "08012a" * 2731)
    for blobs, code in ((good, 0), (bad, 2)):
        for octets in blobs:
            command = [native_programs / "scan_cli_asan", "--rules", octets, mail]
            assert subprocess.run(command, check=False, capture_output=True).returncode == code, (
                octets
            )
