"""Office files: every stream, macro and embedded object is looked at, and what kind it is is told.

Files of clamav-testfiles were made by real programs; the others follow the specifications
(officemaking.py).
"""

import io
import struct
import subprocess
import zipfile
import zlib
from pathlib import Path

import pytest
from mailmaking import BAD, TEXT, attachment, multipart, names, verdict, zipped
from officemaking import (
    BEFORE,
    END,
    FREE,
    Compound,
    biff,
    compound,
    folded,
    lzfu_literal,
    ole10native,
    record,
    sheet,
    source,
    vba,
    vba_list,
)

NAME = "a.doc"  # of the attachments

BIG = BAD + b"x" * 6000
HARMLESS = b"\xec\xa5" + bytes(30) + b"Good morning. " * 400


def message(container, name="a.doc"):
    return multipart(TEXT, attachment(container, name))


@pytest.fixture
def kind(native_programs, tmp_path):
    """The type of an attachment with these octets."""

    def run(container, name="a.doc"):
        path = tmp_path / "message"
        path.write_bytes(message(container, name))
        done = subprocess.run(
            [str(native_programs / "type_cli_asan"), str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    return run


def binary(container):
    """A message that ends with the container, as it is."""
    head = b"Content-Type: application/msword\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    return head, head + container.replace(b"\n.", b"\n..")


# Streams


def layouts(payload):
    """Compound files that hold the payload, in every way in which sectors can lie."""
    streams = {"WordDocument": HARMLESS, "1Table": b"t" * 100, "Data": payload, "z/y/x": b"small"}
    return {
        "version 3": compound(streams),
        "version 4": compound(streams, version=4),
        "scattered": compound(streams, scattered=True),
        "scattered, version 4": compound(streams, version=4, scattered=True),
        "spare fat": compound(streams, spare_fat=2),
    }


SPLIT = BAD[:64] + BAD[64:].ljust(640, b" ")
FOUND = {f"big, {name}": octets for name, octets in layouts(BIG).items()}
FOUND |= {f"mini, {name}": octets for name, octets in layouts(BAD).items()}


@pytest.mark.parametrize("container", FOUND.values(), ids=FOUND)
def test_found_in_a_stream(scan, container):
    assert names(scan(container)) == ["infected"]


@pytest.mark.parametrize("name", layouts(HARMLESS))
@pytest.mark.parametrize("payload", [HARMLESS, b"small", b"y" * 4095, b"y" * 4096, b"y" * 4097])
def test_good_files_are_clean(scan, name, payload):
    report = scan(layouts(payload)[name])
    assert report["findings"] == []
    assert report["entries"] == 7  # multipart, two parts, four streams


def test_a_stream_in_pieces_is_one_object(scan):
    """The signature lies across sectors that do not follow each other: raw octets do not match."""
    payload = b"-" * (5 * 512 - 30 - 220) + BAD + b"-" * 4000
    container = compound({"WordDocument": payload}, scattered=True)
    assert BAD not in container
    (finding,) = scan(container)["findings"]
    assert finding["part"] == "a.doc/WordDocument"


def test_fat_sectors_beyond_the_header(scan):
    """More than 109 FAT sectors: 7 MiB and more."""
    streams = {"WordDocument": bytes(7_200_000), "Data": BIG}
    made = Compound(streams, scattered=True)
    report = scan(made.octets(), fast=True)
    assert names(report) == ["infected"]
    assert (
        names(scan(compound({"WordDocument": bytes(7_200_000)}, scattered=True), fast=True)) == []
    )


def test_streams_that_the_tree_does_not_lead_to(scan):
    made = Compound({"WordDocument": HARMLESS, "Data": BIG}, scattered=True)
    made.root.child = 1
    made.entries[1].left = made.entries[1].right = 0xFFFFFFFF
    assert names(scan(made.octets())) == ["infected"]


def test_tree_order_and_colour_do_not_count(scan):
    made = Compound({f"s{i}": b"x" * 50 for i in range(20)} | {"Data": BIG}, scattered=True)
    for i, entry in enumerate(made.entries[1:], 1):
        entry.left, entry.right = 0xFFFFFFFF, i + 1 if i + 1 < len(made.entries) else 0xFFFFFFFF
    made.root.child = 1
    assert names(scan(made.octets())) == ["infected"]


def test_names_are_paths(scan):
    payload = compound({"\1CompObj": b"c", "a/b/Data": BIG}, scattered=True)
    assert scan(payload)["findings"][0]["part"] == "a.doc/a/b/Data"


def packed_name(text):
    """A stream's name in an installer: two of 64 characters in one."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._"
    out = ""
    for i in range(0, len(text), 2):
        pair = [digits.index(c) for c in text[i : i + 2]]
        out += chr(0x3800 + pair[0] + 64 * pair[1]) if len(pair) == 2 else chr(0x4800 + pair[0])
    return out


def test_names_in_an_installer(scan, kind):
    streams = {packed_name("setup.exe"): BIG, "\u4840" + packed_name("_StringPool"): b"p"}
    container = compound(streams, kind="msi", scattered=True)
    assert kind(container) == "msi"
    assert scan(container, name="a.msi")["findings"][0]["part"] == "a.msi/setup.exe"


def test_an_installer_told_by_its_tables(kind):
    assert kind(compound({"\u4840" + packed_name("_Tables"): b"x"})) == "msi"


def test_an_attachment_of_an_outlook_message_has_its_name(scan, kind):
    folder = "__attach_version1.0_#00000000"
    streams = {
        "__properties_version1.0": bytes(32),
        "__substg1.0_1000001F": "Body".encode("utf-16-le"),
        f"{folder}/__substg1.0_37010102": BIG,
        f"{folder}/__substg1.0_3707001F": "Rechnung März.exe".encode("utf-16-le"),
    }
    container = compound(streams, kind="msg", scattered=True)
    assert kind(container) == "msg"
    assert scan(container, name="a.msg")["findings"][0]["part"] == "a.msg/Rechnung März.exe"


def test_an_attachment_with_a_short_name_only(scan):
    folder = "__attach_version1.0_#00000000"
    streams = {
        "__properties_version1.0": bytes(32),
        f"{folder}/__substg1.0_37010102": BIG,
        f"{folder}/__substg1.0_3704001E": b"BAD.EXE",
    }
    container = compound(streams, scattered=True)
    assert scan(container, name="a.msg")["findings"][0]["part"] == "a.msg/BAD.EXE"


def test_the_rich_body_of_an_outlook_message(scan):
    body = b"{\\rtf1 Hello " + BAD + b"}"
    streams = {"__properties_version1.0": b"p", "__substg1.0_10090102": lzfu_literal(body)}
    report = scan(compound(streams), name="a.msg")
    assert report["findings"][0]["part"] == "a.msg/body.rtf"


def test_a_zip_in_a_stream_is_opened(scan):
    container = compound({"Package": zipped(("bad.exe", BAD))})
    assert scan(container)["findings"][0]["part"] == "a.doc/Package/bad.exe"


# Contradictions (FAULTS 48): each ends, and what can be read is read


def changed(change, **fields):
    made = Compound({"WordDocument": HARMLESS, "Data": BIG, "s/t": b"t"}, scattered=True)
    more = change(made)
    return made.octets(**(more or {}), **fields)


def circle_of_a_stream(made):
    made.fat[made.entries[1].first] = made.entries[1].first


def circle_of_the_directory(made):
    made.entries[3].child = 3


def siblings_in_a_circle(made):
    made.entries[1].right = made.entries[1].left = 2
    made.entries[2].left = made.entries[2].right = 1


def child_outside(made):
    made.entries[3].child = 4000


def sector_outside(made):
    made.fat[made.entries[1].first] = 5000


def first_sector_outside(made):
    made.entries[1].first = 0x7FFFFFFF


def two_streams_share(made):
    made.entries[1].first = made.entries[2].first


def too_large(made):
    made.entries[1].size = 0x7FFFFFFF


def chain_too_short(made):
    made.fat[made.entries[1].first] = END


def chain_meets_a_free_sector(made):
    made.fat[made.entries[1].first] = FREE


def mini_circle(made):
    made.entries[4].size = 400
    made.minifat[made.entries[4].first] = made.entries[4].first


def mini_outside(made):
    made.entries[4].first = 77


def no_root(made):
    made.root.kind = 1


def mini_fat_outside(made):
    return {"minifat_first": 99999}


def fat_sector_twice(made):
    fat = len(made.sectors) + 2
    return {"list": [fat] * 109}


def fat_outside(made):
    return {"list": [99999] * 109}


def extension_in_a_circle(made):
    """The list of FAT sectors goes on in a sector that names itself as the next."""
    made.sectors.append(struct.pack("<128I", *[FREE] * 127, len(made.sectors)))
    made.fat.append(0xFFFFFFFC)
    return {"dif_first": len(made.sectors) - 1}


CHANGES = [
    circle_of_a_stream,
    circle_of_the_directory,
    siblings_in_a_circle,
    child_outside,
    sector_outside,
    first_sector_outside,
    two_streams_share,
    too_large,
    chain_too_short,
    chain_meets_a_free_sector,
    mini_circle,
    mini_outside,
    no_root,
    mini_fat_outside,
    extension_in_a_circle,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: c.__name__)
def test_contradictions_are_malformed_and_still_searched(scan, change):
    report = scan(changed(change))
    assert names(report) == ["infected", "malformed"]


@pytest.mark.parametrize("change", [fat_sector_twice, fat_outside], ids=lambda c: c.__name__)
def test_a_fat_that_cannot_be_read_is_malformed(scan, change):
    assert "malformed" in names(scan(changed(change)))


def test_a_directory_that_goes_round(scan):
    """Its chain comes back to its first sector."""
    made = Compound({f"stream {i}": b"x" for i in range(30)} | {"Data": BIG})
    octets = bytearray(made.octets())
    first = struct.unpack_from("<I", octets, 48)[0]
    fat = struct.unpack_from("<I", octets, 76)[0]
    at = (fat + 1) * 512
    last = first
    while struct.unpack_from("<I", octets, at + 4 * last)[0] != END:
        last = struct.unpack_from("<I", octets, at + 4 * last)[0]
    assert last != first
    struct.pack_into("<I", octets, at + 4 * last, first)
    assert names(scan(bytes(octets))) == ["infected", "malformed"]


HEADERS = {
    "order": 0xFEFF,
    "shift": 0,
    "mini_shift": 60,
    "cutoff": 64,
    "version": 9,
}


@pytest.mark.parametrize("field", HEADERS)
def test_header_fields(scan, field):
    made = Compound({"WordDocument": HARMLESS, "Data": BIG})
    report = scan(made.octets(**{field: HEADERS[field]}))
    assert "malformed" in names(report)


def test_many_entries_of_one_large_chain_meet_the_limit(scan):
    """10,000 entries that share a chain of 4 MiB: 40 GB, if nobody counted."""
    made = Compound({"Data": bytes(4 << 20)} | {f"s{i}": b"" for i in range(10_000)})
    for entry in made.entries[2:]:
        entry.first, entry.size = made.entries[1].first, made.entries[1].size
    report = scan(made.octets(), "--limit", "expanded=50000000", fast=True)
    assert "too-large" in names(report)
    assert "malformed" in names(report)
    assert report["expanded"] <= 50_000_000


def test_more_entries_than_the_limit(scan):
    container = compound({f"s{i}": b"x" for i in range(30)})
    assert names(scan(container, "--limit", "entries=20")) == ["too-many"]


def test_work_is_counted(scan):
    container = compound({"WordDocument": HARMLESS, "Data": BIG})
    assert set(names(scan(container, "--limit", "work=30000"))) == {"over-budget"}


def test_depth_is_counted(scan):
    inner = compound({"WordDocument": HARMLESS})
    for _ in range(6):
        inner = compound({"Package": inner})
    assert names(scan(inner, "--limit", "depth=6")) == ["too-deep"]
    assert names(scan(inner)) == []


def test_no_scratch_is_not_clean(scan):
    container = compound({"WordDocument": HARMLESS, "Data": BIG})
    for octets in (100, len(container) - 1, len(container) + 40):
        assert "too-large" in names(scan(container, "--scratch", str(octets)))


# What kind


def test_kinds_of_compound_files(kind):
    assert kind(compound({"WordDocument": b"x"})) == "doc"
    assert kind(compound({"Workbook": b"x"})) == "xls"
    assert kind(compound({"Book": b"x"})) == "xls"
    assert kind(compound({"PowerPoint Document": b"x"})) == "ppt"
    assert kind(compound({"Other": b"x"}, kind="doc")) == "doc"
    assert kind(compound({"Other": b"x"})) == "ole"


# Macros

HARMLESS_MACRO = source("Module1", b"Sub Greet()\r\n  MsgBox 1\r\nEnd Sub\r\n")
BAD_MACRO = source("Module1", b"Sub Greet()\r\n' " + BAD + b"\r\nEnd Sub\r\n" * 30)
AUTO = source("ThisDocument", b"private SUB document_open()\r\nEnd Sub\r\n")


def with_macros(modules, **options):
    return {"WordDocument": HARMLESS} | vba(modules, **options)


def test_macros_are_told(kind):
    assert kind(compound(with_macros({"Module1": HARMLESS_MACRO}))) == "office-macro"
    assert kind(compound(with_macros({"ThisDocument": AUTO}))) == "office-autorun"


@pytest.mark.parametrize(
    "name",
    [b"AutoOpen", b"Auto_Open", b"AUTOEXEC", b"Workbook_Open", b"Auto_Close", b"AutoClose"],
)
def test_names_that_run_by_themselves(kind, name):
    text = source("M", b"Sub " + name + b"\r\nEnd Sub")
    assert kind(compound(with_macros({"M": text}))) == "office-autorun"
    longer = source("M", b"Sub My" + name + b"\r\nEnd Sub\r\nSub " + name + b"2()")
    assert kind(compound(with_macros({"M": longer}))) == "office-macro"


def test_names_among_compiled_code_where_source_was_taken_out(kind):
    streams = with_macros({"M": HARMLESS_MACRO})
    streams["Macros/VBA/_VBA_PROJECT"] += b"\x08\x00AutoOpen\x12\x34"
    assert kind(compound(streams)) == "office-autorun"


@pytest.mark.parametrize("told", [True, False], ids=["by the list", "by search"])
def test_source_is_unfolded_and_searched(scan, told):
    container = compound(with_macros({"Module1": BAD_MACRO}, told=told))
    assert BAD not in container
    (finding,) = scan(container)["findings"]
    assert finding["part"] == "a.doc/Macros/VBA/Module1.bas"


def test_source_without_attributes_is_found_by_the_list(scan):
    container = compound(with_macros({"M": b"' " + BAD}))
    assert names(scan(container)) == ["infected"]


def test_names_in_the_list_in_one_code_or_another_case(scan):
    """Source without attributes, so that only the list leads to it."""
    streams = with_macros({"Module": b"' " + BAD})
    both = vba_list([("mODULE", len(BEFORE))])
    narrow = both.replace(record(0x32, "mODULE".encode("utf-16-le")), b"")
    assert narrow != both
    for octets in (both, narrow):
        streams["Macros/VBA/dir"] = folded(octets)
        (finding,) = scan(compound(streams))["findings"]
        assert finding["part"] == "a.doc/Macros/VBA/Module.bas"


def test_source_of_many_chunks(scan, kind):
    text = source("M", b"".join(b"Call F%d(%d)\r\n" % (i, i * i) for i in range(3000)))
    container = compound(with_macros({"M": text + b"' " + BAD + b"\r\nSub AutoOpen()"}))
    assert names(scan(container)) == ["infected"]
    assert kind(container) == "office-autorun"
    assert names(scan(compound(with_macros({"M": text})))) == []


def test_a_list_that_lies_about_the_offset(scan):
    streams = with_macros({"M": BAD_MACRO})
    streams["Macros/VBA/dir"] = folded(vba_list([("M", 5)]))
    assert names(scan(compound(streams))) == ["infected"]


def test_source_that_is_not_there_is_malformed(scan):
    streams = with_macros({"M": HARMLESS_MACRO})
    streams["Macros/VBA/M"] = bytes(300)
    assert names(scan(compound(streams))) == ["malformed"]


def test_a_list_that_unfolds_without_end_meets_a_limit(scan):
    """Each chunk of a few octets says that it is 4096."""
    bomb = b"\1" + (b"\x03\xb0\x02a\xff\x0f" * 200_000)
    streams = with_macros({"M": HARMLESS_MACRO})
    streams["Macros/VBA/dir"] = bomb
    report = scan(compound(streams), fast=True)
    assert names(report) in (["too-large"], ["over-budget"])


def test_a_module_that_unfolds_without_end_meets_a_limit(scan):
    streams = with_macros({"M": HARMLESS_MACRO})
    streams["Macros/VBA/M"] = (
        b"\x01\x16\x03\0compiled code" + b"\1" + b"\x03\xb0\x02a\xff\x0f" * 50_000
    )
    report = scan(compound(streams), "--limit", "expanded=20000000", fast=True)
    assert names(report) == ["too-large"]


# Excel and PowerPoint


def excel(*records):
    return compound({"Workbook": biff((0x809, bytes(16)), *records, (10, b"")).ljust(5000, b"\0")})


def test_macro_sheets_of_excel_4(kind):
    name = struct.pack("<HBBHHHBBBB", 0x20, 0, 1, 0, 0, 0, 0, 0, 0, 0) + b"\0"
    assert kind(excel(sheet(0))) == "xls"
    assert kind(excel(sheet(0), sheet(1))) == "office-macro"
    assert kind(excel(sheet(1), (0x18, name + b"\1"))) == "office-autorun"
    assert kind(excel(sheet(1), (0x18, name + b"\6"))) == "office-macro"  # a print area
    assert kind(excel(sheet(0), (0x18, name + b"\1"))) == "xls"


def test_macro_sheets_told_by_their_begin(kind):
    """Whatever the list of sheets says."""
    macros = (0x809, struct.pack("<HH", 0x600, 0x40) + bytes(12))
    assert kind(excel(sheet(0), macros)) == "office-macro"


@pytest.mark.parametrize(
    ("number", "size"), [(0x09, 4), (0x209, 6), (0x409, 6), (0x809, 8), (0x809, 16)]
)
def test_sheets_in_no_compound_file(scan, kind, number, size):
    def sheets(of):
        return biff((number, struct.pack("<HH", 0x400, of).ljust(size, b"\0")), (10, b""))

    assert kind(sheets(0x10)) == "xls"
    assert kind(sheets(0x40)) == "office-macro"
    assert names(scan(sheets(0x10) + BAD)) == ["infected"]
    locked = biff((number, bytes(size)), (0x2F, b"\0\0"))
    assert names(scan(locked)) == ["encrypted"]


def slides(inner, folded_by=6, cut=0):
    packed = zlib.compress(inner, folded_by)
    packed = packed[: len(packed) - cut]
    atom = struct.pack("<HHII", 0x10, 0x1011, len(packed) + 4, len(inner)) + packed
    whole = struct.pack("<HHI", 0xF, 1000, len(atom)) + atom
    return compound({"PowerPoint Document": whole + bytes(5000), "Current User": bytes(20)})


def test_objects_in_slides_are_unfolded(scan, kind):
    inner = compound(with_macros({"M": BAD_MACRO}))
    container = slides(inner)
    (finding,) = scan(container)["findings"]
    assert finding["part"] == "a.doc/object/Macros/VBA/M.bas"
    assert kind(container) == "office-macro"
    assert names(scan(slides(compound(with_macros({"M": HARMLESS_MACRO}))))) == []
    assert set(names(scan(slides(inner, cut=200)))) == {"malformed"}


# Encrypted


ENCRYPTED = {
    "package": compound({"EncryptedPackage": HARMLESS, "EncryptionInfo": b"i" * 200}),
    "word": compound({"WordDocument": HARMLESS[:10] + b"\0\1" + HARMLESS}),
    "excel": excel((0x2F, bytes(6))),
    "slides": compound({"Current User": bytes(12) + struct.pack("<I", 0xF3D1C4DF)}),
}


@pytest.mark.parametrize("container", ENCRYPTED.values(), ids=ENCRYPTED)
def test_encrypted_documents(scan, container):
    assert names(scan(container)) == ["encrypted"]


# Embedded files


def test_an_embedded_file_has_its_name(scan):
    container = compound({"ObjectPool/_1/\1Ole10Native": ole10native(BIG)}, scattered=True)
    (finding,) = scan(container)["findings"]
    assert finding["part"] == "a.doc/bad.exe"


def test_case_of_the_name_does_not_count(scan):
    inner = zipped(("x", BAD))
    container = compound({"\1oLe10NAtivE": ole10native(inner, name="a.zip", path="")})
    assert scan(container)["findings"][0]["part"] == "a.doc/a.zip/x"


def test_native_data_that_is_no_package(scan):
    inner = zipped(("x", BAD))
    container = compound({"\1Ole10Native": struct.pack("<I", len(inner)) + inner})
    assert scan(container)["findings"][0]["part"] == "a.doc/native/x"


# OOXML and OpenDocument


CONTENT = ("[Content_Types].xml", b"<Types/>")


def relations(*attributes):
    body = b"".join(b"<Relationship " + a + b"/>" for a in attributes)
    return b'<?xml version="1.0"?><Relationships xmlns="x">' + body + b"</Relationships>"


OFFICE = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/"


def external(of_type, mode=b'TargetMode="External"'):
    return b'Id="r1" Type="' + OFFICE + of_type + b'" Target="http://a.example/x" ' + mode


def document(*more, folder="word"):
    return zipped(CONTENT, (f"{folder}/document.xml", b"<w:document/>"), *more)


def with_relations(octets):
    return document(("word/_rels/settings.xml.rels", octets))


def test_kinds_of_zipped_documents(kind):
    assert kind(document()) == "docx"
    assert kind(document(folder="xl")) == "xlsx"
    assert kind(document(folder="ppt")) == "pptx"
    assert kind(zipped(("readme.txt", b"x"))) == "zip"
    assert kind(zipped(("copy/word/document.xml", b"x"))) == "zip"
    assert kind(zipped(("word/document.xml", b"x"), CONTENT)) == "docx"


def test_macros_in_a_zipped_document(scan, kind):
    project = compound(vba({"M": HARMLESS_MACRO}, storage="x"))
    auto = compound(vba({"M": AUTO}, storage="x"))
    bad = compound(vba({"M": BAD_MACRO}, storage="x"))
    assert kind(document(("word/vbaProject.bin", project))) == "office-macro"
    assert kind(document(("word/other.dat", project))) == "office-macro"
    assert kind(document(("word/vbaProject.bin", auto))) == "office-autorun"
    assert kind(zipped(("word/vbaProject.bin", auto), CONTENT)) == "office-autorun"
    assert kind(zipped(("backup.doc", auto))) == "zip"
    finding = scan(document(("word/vbaProject.bin", bad)), name="a.docm")["findings"][0]
    assert finding["part"] == "a.docm/word/vbaProject.bin/x/VBA/M.bas"


def test_macro_sheets_in_a_zipped_document(kind):
    sheets = ("xl/macrosheets/sheet1.xml", b"<xm:macrosheet/>")
    assert kind(document(sheets, folder="xl")) == "office-macro"


LOADS = {
    "template": external(b"attachedTemplate"),
    "object": external(b"oleObject"),
    "frame": external(b"frame"),
    "single quotes": external(b"oleObject").replace(b'"', b"'"),
    "other order": b"TargetMode='External' Type='" + OFFICE + b"frame'",
    "numbers for letters": external(b"&#x6f;leObjec&#116;", b'TargetMode="&#69;xternal"'),
    "spaces": external(b"frame", b'TargetMode\n=\n"External"'),
}


@pytest.mark.parametrize("attributes", LOADS.values(), ids=LOADS)
def test_what_is_loaded_from_elsewhere(scan, kind, attributes):
    assert kind(with_relations(relations(attributes))) == "office-external"
    assert names(scan(with_relations(relations(attributes)))) == []
    wide = relations(attributes).decode().encode("utf-16")
    assert kind(with_relations(wide)) == "office-external"


STAYS = {
    "link": external(b"hyperlink"),
    "picture": external(b"image"),
    "inside": external(b"oleObject", b""),
    "said inside": external(b"oleObject", b'TargetMode="Internal"'),
    "two": external(b"hyperlink") + b"/><Relationship " + external(b"oleObject", b""),
    "comment": b"/><!-- <Relationship " + external(b"oleObject") + b"/> --><a ",
}


@pytest.mark.parametrize("attributes", STAYS.values(), ids=STAYS)
def test_ordinary_relations(kind, attributes):
    assert kind(with_relations(relations(attributes))) == "docx"


def test_macros_say_more_than_relations(kind):
    project = compound(vba({"M": HARMLESS_MACRO}, storage="x"))
    rels = ("word/_rels/a.rels", relations(LOADS["frame"]))
    assert kind(document(rels, ("word/vbaProject.bin", project))) == "office-macro"
    assert kind(document(("word/vbaProject.bin", project), rels)) == "office-macro"


def test_entities_are_not_expanded(scan):
    """A billion laughs: the work is that of its octets."""
    bomb = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a0 "ha">'
    bomb += b"".join(b'<!ENTITY a%d "%s">' % (i + 1, b"&a%d;" % i * 10) for i in range(9))
    bomb += b"]><l>&a9;</l>"
    report = scan(with_relations(bomb))
    assert names(report) == ["malformed"]
    assert report["work"] < 100_000


def opendocument(kind_name, *more):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind_name}")
        for name, octets in (("content.xml", b"<x/>" * 50), *more):
            archive.writestr(name, octets, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def test_opendocument(scan, kind):
    assert kind(opendocument("text")) == "odt"
    assert kind(opendocument("spreadsheet")) == "ods"
    assert kind(opendocument("presentation")) == "odp"
    assert kind(opendocument("text", ("Basic/Standard/M.xml", b"Sub Main"))) == "office-macro"
    assert kind(opendocument("text", ("Scripts/python/a.py", b"pass"))) == "office-macro"
    assert names(scan(opendocument("text", ("Object 1/bad.bin", BAD)))) == ["infected"]


def test_an_old_manifest(scan):
    """OpenOffice.org 2 names a document type."""
    manifest = (
        b'<?xml version="1.0"?><!DOCTYPE manifest:manifest PUBLIC "-//x" "Manifest.dtd"><m/>'
    )
    assert names(scan(opendocument("text", ("META-INF/manifest.xml", manifest)))) == []


def test_no_chain_may_be_written_as_sector_0(scan):
    made = Compound({"WordDocument": HARMLESS})
    octets = made.octets(minifat_first=0, minifats=0, dif_first=0)
    assert names(scan(octets)) == []


def test_an_encrypted_opendocument(scan):
    manifest = (
        b'<manifest:file-entry manifest:full-path="content.xml">'
        b'<manifest:encryption-data manifest:checksum="x"/></manifest:file-entry>'
    )
    plain = manifest.replace(b"encryption-data", b"other-data")
    assert names(scan(opendocument("text", ("META-INF/manifest.xml", manifest)))) == ["encrypted"]
    assert names(scan(opendocument("text", ("META-INF/manifest.xml", plain)))) == []


# Cut off, and cut up


SMALL = {
    "plain": compound({"WordDocument": b"w" * 200, "Data": BAD}),
    "scattered": compound({"WordDocument": b"w" * 200, "Data": BAD}, scattered=True),
}


@pytest.mark.parametrize("container", SMALL.values(), ids=SMALL)
def test_cut_at_each_octet_is_never_clean(screen, container):
    head, whole = binary(container)
    reports = screen([whole], "--every-prefix", fast=True)
    assert verdict(reports[-1]) == "infected"
    for report in reports[len(head) + 14 : -1]:
        assert verdict(report) in ("infected", "malformed")


CUT_UP = {
    "compound file": SMALL["scattered"],
    "macros": compound(vba({"M": AUTO}, storage="x"), scattered=True),
    "document": document(("word/_rels/a.rels", relations(LOADS["frame"]))),
}


@pytest.mark.parametrize("container", CUT_UP.values(), ids=CUT_UP)
def test_every_cut_gives_the_same_report(scan, container, soak):
    scan(container, "--every-cut", fast=not soak)


# Files of real programs


TESTFILES = Path("/usr/share/clamav-testfiles")


@pytest.mark.parametrize("name", ["clam.ole.doc", "clam.ppt"])
def test_files_of_real_programs(scan, name):
    report = scan((TESTFILES / name).read_bytes(), name=name)
    assert report["findings"] == []
    assert report["entries"] > 10
