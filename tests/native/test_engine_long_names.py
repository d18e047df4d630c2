"""Names that are too long to be kept whole: what is cut out never hides a forbidden ending."""

import gzip
import io
import random
import subprocess
import tarfile

import pytest
from mailmaking import TEXT, attachment, multipart, names, reasons, verdict, zipped
from restante.screening import rules

EXE = (rules.FORBID_NAME, b"*.exe")
VERIFY = (rules.VERIFY, b"")


def blob(*items):
    octets = b"".join(bytes([kind, len(data)]) + data for kind, data in items)
    return "--rules", octets.hex()


def long_name(dice):
    """A name that ends in .exe for Windows, with anything long before and behind."""
    name = dice.choice("xé漢") * dice.randrange(0, 160)
    if dice.random() < 0.5:
        name += ".pdf" + dice.choice([" ", ".", " ."]) * dice.randrange(0, 90)
    name += ".exe"
    if dice.random() < 0.7:
        name += "".join(dice.choice(". ") for _ in range(dice.randrange(0, 120)))
    return name[-230:] if dice.random() < 0.3 else name


def tarred(name, form):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        entry = tarfile.TarInfo(name)
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"hello"))
    return file.getvalue()


def gzipped(name):
    octets = gzip.compress(b"hello", mtime=0)
    return octets[:3] + b"\x08" + octets[4:10] + name.encode() + b"\0" + octets[10:]


CARRIERS = {
    "zip": lambda name: attachment(zipped((name, b"hello")), "a.zip"),
    "gzip": lambda name: attachment(gzipped(name), "a.gz"),
    "tar": lambda name: attachment(tarred(name, tarfile.GNU_FORMAT), "a.tar"),
    "pax": lambda name: attachment(tarred(name, tarfile.PAX_FORMAT), "a.tar"),
    "header": lambda name: (
        f'Content-Disposition: attachment; filename="{name}"\r\n\r\nhello\r\n'.encode()
    ),
    "rfc 2231": lambda name: (
        "Content-Disposition: attachment; filename*=utf-8''"
        + "".join(f"%{c:02X}" for c in name.encode())
        + "\r\n\r\nhello\r\n"
    ).encode(),
}


@pytest.mark.parametrize("carrier", CARRIERS)
def test_any_long_name(screen, soak, carrier):
    dice = random.Random(f"names {carrier}")
    made = [long_name(dice) for _ in range(2000 if soak else 150)]
    mails = [multipart(TEXT, CARRIERS[carrier](name)) for name in made]
    reports = screen(mails, *blob(EXE), fast=True)
    missed = [n for n, r in zip(made, reports, strict=True) if "forbidden" not in names(r)]
    assert missed == []


@pytest.mark.parametrize("carrier", CARRIERS)
def test_another_long_name_is_not_forbidden(screen, carrier):
    made = ["x" * 300 + ".pdf", "y.exe" * 60 + ".pdf", "z.exe." + "." * 200 + ".pdf"]
    reports = screen([multipart(TEXT, CARRIERS[carrier](name)) for name in made], *blob(EXE))
    assert [names(report) for report in reports] == [[]] * 3


@pytest.mark.parametrize("before, behind", [(0, 300), (130, 300), (150, 20), (300, 10)])
def test_nul_that_is_cut_out_is_noticed(screen_one, before, behind):
    name = "x" * before + ".exe#" + "y" * behind + ".txt"
    container = zipped((name, b"hello")).replace(b"#", b"\0")
    report = screen_one(multipart(TEXT, attachment(container, "a.zip")), *blob(VERIFY))
    assert verdict(report) == "mismatch"


def test_more_pieces_of_a_name_than_are_read(screen_one):
    def report(count):
        pieces = "".join(f'; filename*{i}="x"' for i in range(count))
        field = f'Content-Disposition: attachment{pieces}; filename*{count}=".exe"'
        return screen_one(multipart(TEXT, field.encode() + b"\r\n\r\nhello\r\n"), *blob(EXE))

    assert names(report(49)) == ["forbidden"]
    assert "file name in more pieces than the limit" in reasons(report(50))
    assert "file name in more pieces than the limit" in reasons(report(400))


FOLDER = "folder " * 20 + "é"


def test_long_paths_on_a_disc(screen_one, tmp_path):
    inner = tmp_path / "files" / FOLDER / FOLDER
    inner.mkdir(parents=True)
    (inner / ("n" * 60 + ".exe")).write_bytes(b"hello")
    (inner / ("m" * 60 + ".txt")).write_bytes(b"hello")
    disc = tmp_path / "a.iso"
    command = ["genisoimage", "-quiet", "-R", "-D", "-o", disc, tmp_path / "files"]
    subprocess.run([str(word) for word in command], check=True, capture_output=True)
    message = multipart(TEXT, attachment(disc.read_bytes(), "a.iso"))
    report = screen_one(message, *blob(EXE))
    assert names(report) == ["forbidden"]
    assert all(f["part"].endswith("n.exe") for f in report["findings"])
    only_text = blob((rules.FORBID_NAME, b"*.txt"))
    assert all(f["part"].endswith("m.txt") for f in screen_one(message, *only_text)["findings"])


@pytest.mark.parametrize("stem", [100, 200, 240])
def test_long_names_on_a_disk(screen_one, tmp_path, stem):
    name = "n" * stem + ".exe"
    (tmp_path / name).write_bytes(b"hello")
    disk = tmp_path / "a.img"
    environment = {"MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/usr/sbin"}
    for command in (["mkfs.fat", "-C", disk, 360], ["mcopy", "-i", disk, tmp_path / name, "::"]):
        subprocess.run(
            [str(word) for word in command], check=True, capture_output=True, env=environment
        )
    message = multipart(TEXT, attachment(disk.read_bytes(), "a.img"))
    assert names(screen_one(message, *blob(EXE))) == ["forbidden"]


# -- names in front of an entry of a tar


def raw_entry(kind, content, name="a.txt"):
    entry = tarfile.TarInfo(name)
    entry.size, entry.type = len(content), kind
    return entry.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % 512)


def record(key, value):
    octets = f" {key}={value}\n".encode()
    n = len(octets) + 1
    while len(str(n)) + len(octets) != n:
        n = len(str(n)) + len(octets)
    return str(n).encode() + octets


HEADER = raw_entry(b"0", b"hello", "a.exe")
OTHER = raw_entry(b"0", b"hello")
FRONTS = {
    "times": raw_entry(b"x", record("mtime", "1.5") + record("atime", "2.5")) + HEADER,
    "path": raw_entry(b"x", record("path", "b.exe")) + OTHER,
    "path in the middle": raw_entry(
        b"x", record("comment", "x" * 700) + record("path", "b.exe") + record("c", "y" * 700)
    )
    + OTHER,
    "a key like it": raw_entry(b"x", record("linkpath", "b.txt") + record("paths", "x")) + HEADER,
    "in a value": raw_entry(b"x", record("comment", "9 path=b.txt")) + HEADER,
    "link behind": raw_entry(b"L", b"b.exe\0") + raw_entry(b"K", b"c.txt\0") + OTHER,
    "link alone": raw_entry(b"K", b"c.txt\0") + HEADER,
    "NUL": raw_entry(b"L", b"b.exe\0.txt\0") + OTHER,
    "pax behind": raw_entry(b"L", b"b.exe\0") + raw_entry(b"x", record("mtime", "1")) + OTHER,
    "global": raw_entry(b"g", record("comment", "1")) + HEADER,
}


@pytest.mark.parametrize("front", FRONTS)
def test_names_in_front_of_an_entry(screen_one, front):
    message = multipart(TEXT, attachment(FRONTS[front] + bytes(1024), "a.tar"))
    report = screen_one(message, "--every-cut", *blob(EXE))
    assert names(report) == ["forbidden"], report["findings"]
    (finding,) = report["findings"]
    assert finding["part"].endswith((".exe", "b.exe"))


@pytest.mark.parametrize(
    "records",
    [b"x path=b.exe\n", b"5 path=b.exe\n", b"99999999999 path=b\n", b" path=b\n", b"3 \n"],
)
def test_records_that_are_none(screen_one, records):
    message = multipart(TEXT, attachment(raw_entry(b"x", records) + HEADER + bytes(1024), "a.tar"))
    report = screen_one(message, "--every-cut", *blob(EXE))
    assert "tar, pax record" in reasons(report)


@pytest.mark.parametrize("form", ["gnu", "pax", "ustar", "v7"])
def test_tar_itself(screen_one, tmp_path, form):
    (tmp_path / "a.exe").write_bytes(b"hello")
    (tmp_path / "b.txt").write_bytes(b"hello")
    command = ["tar", f"--format={form}", "-C", tmp_path, "-cf", "-", "a.exe", "b.txt"]
    octets = subprocess.run(command, check=True, capture_output=True).stdout
    message = multipart(TEXT, attachment(octets, "a.tar"))
    assert names(screen_one(message, *blob(EXE))) == ["forbidden"]
    assert verdict(screen_one(message)) == "clean"
