"""A stick as it should be, and as a hostile hand writes it.  FAULTS 66, 80.

Also on MicroPython.

What is asserted of a hostile one: a StickError with a next step, or octets that are judged by
others; bounded reads of the medium in any case.
"""

from fat_disk import SECTOR, FatDisk, long_slots, low, short_of, short_slot
from restante.update import fat, stickwire
from restante.update.fault import StickError
from restante.update.stickreader import Reader

TEXT = bytes(range(256)) * 9 + b"end"
LONG = "set-2026-11-27.20-full-of-names_and_more.rstb"
# Reads of the medium for the largest allowed folder: its sectors, and those of its chain.
MOST_READS = fat.FOLDER_SLOTS // 16 * 2 + 64


def whole(file):
    data = bytearray(file.octets)
    file.read(0, memoryview(data))
    return bytes(data)


def volume(disk):
    return fat.Volume(disk.read, disk.octets)


def refusal(call, *arguments):
    """What a person is told; AssertionError if it was not refused."""
    try:
        call(*arguments)
    except StickError as error:
        assert error.what and error.step
        return error.what
    raise AssertionError("it was taken")


def kinds():
    for wide in (False, True):
        for base in (0, 63, 2048):
            for size in (1, 2, 8):
                yield FatDisk(wide, size, base=base, kind=0x0C if wide else 0x06)


# -- as it should be


def test_files_in_both_kinds_with_and_without_a_partition_table():
    for disk in kinds():
        at = disk.slot(disk.root_at, "STICK", 0, 0, 0x08)  # its label
        at = disk.file(at, LONG, TEXT)
        at = disk.file(at, "index", b"restante-index=1\n")
        at = disk.file(at, "EMPTY", b"")
        found = volume(disk)
        assert whole(found.find((LONG,))) == TEXT
        assert whole(found.find((LONG.upper(),))) == TEXT
        assert whole(found.find(("index",))) == b"restante-index=1\n"
        assert found.find(("EMPTY",)).octets == 0
        for name in ("index2", "inde", "stick", "restante", short_of(LONG)[:8].decode()):
            assert found.find((name,)) is None, name


def test_scattered_clusters_and_reads_at_any_offset():
    for disk in kinds():
        clusters = [9, 4, 4000, 5, 6, 11, 12, 13, 14]
        disk.file(disk.root_at, "F", TEXT, clusters)
        file = volume(disk).find(("f",))
        for offset in (0, 1, 511, 512, 513, 1024, 2000, 300, len(TEXT) - 1):
            n = min(700, len(TEXT) - offset)
            view = bytearray(n)
            file.read(offset, memoryview(view))
            assert bytes(view) == TEXT[offset : offset + n], offset


def test_a_folder_and_what_is_deleted_or_beside():
    for disk in kinds():
        at = disk.root_at
        disk.put(at, b"\xe5" + short_slot(short_of("INDEX"), 3, 5)[1:])
        at = disk.file(at + 32, "restante", b"", [disk.free], kind=0x10)
        inside = disk.place(disk.free - 1)
        for name in (".", ".."):
            disk.put(inside, short_slot((name + " " * 11)[:11].encode(), 0, 0, 0x10))
            inside += 32
        inside = disk.file(inside, "index", b"inside")
        disk.put(inside, b"\0" * 32)
        found = volume(disk)
        assert whole(found.find(("restante", "index"))) == b"inside"
        assert found.find(("index",)) is None and found.find(("restante",)) is None
        assert found.find(("restante", "restante", "index")) is None


# -- not a file system for us


def test_what_is_no_fat_is_named():
    disk = FatDisk()
    for name, words in ((b"EXFAT   ", "EXFAT"), (b"NTFS    ", "NTFS")):
        disk.put(3, name)
        assert words in refusal(volume, disk)
        other = FatDisk(base=64, kind=0x07)
        other.put(64 * SECTOR + 3, name)
        assert words in refusal(volume, other)
    assert "GPT" in refusal(volume, FatDisk(base=64, kind=0xEE))
    assert "no partition" in refusal(volume, FatDisk(base=64, kind=0x83))
    assert "FAT12" in refusal(volume, FatDisk(False, clusters=4084))
    assert volume(FatDisk(False, clusters=4085))
    blank = FatDisk()
    blank.sectors = {}
    assert "no file system" in refusal(volume, blank)


# -- hostile


def test_numbers_of_the_boot_sector_that_lie():
    """Each field at its edges: refused, or nothing is read beyond the medium or without end."""
    for wide in (False, True):
        for at in range(0, 64):
            for value in (0, 1, 2, 3, 7, 0x7F, 0x80, 0xFF):
                disk = FatDisk(wide)
                disk.file(disk.root_at, "INDEX", TEXT)
                disk.put(at, bytes([value]))
                try:
                    file = volume(disk).find(("index",))
                    if file is not None:
                        whole(file)
                except (StickError, OSError):
                    pass
                assert disk.reads < MOST_READS, (wide, at, value)
    disk = FatDisk()
    disk.octets -= 1
    assert "larger than the stick" in refusal(volume, disk)
    disk = FatDisk()
    disk.put(36, low(1, 4))
    assert "too short" in refusal(volume, disk)
    disk = FatDisk()
    disk.put(17, low(16, 2))
    assert "contradict" in refusal(volume, disk)
    disk = FatDisk(base=0xFFFFFF, clusters=5000)
    disk.put(446 + 8, b"\xff\xff\xff\xff")
    try:
        volume(disk)
        raise AssertionError("beyond the medium")
    except OSError:
        pass


def test_a_folder_that_runs_in_a_ring_ends():
    for clusters in ([2], [2, 7], [2, 7, 9]):
        disk = FatDisk()
        for n, cluster in enumerate(clusters):
            disk.link(cluster, clusters[(n + 1) % len(clusters)])
            for slot in range(16):
                disk.put(disk.place(cluster) + slot * 32, short_slot(b"NOISE      ", 0, 0))
        assert "more than 8192 entries" in refusal(volume(disk).find, ("index",))
        assert disk.reads < MOST_READS


def test_a_file_that_runs_in_a_ring_has_the_octets_it_says():
    disk = FatDisk()
    disk.file(disk.root_at, "F", b"x" * 512, [5], octets=4096)
    disk.link(5, 5)
    assert whole(volume(disk).find(("f",))) == b"x" * 4096
    assert disk.reads < 40


def test_chains_that_lead_nowhere():
    for following in (0, 1, 5002, 0x0FFFFFF7, 0x0FFFFFF0, 0xF0000000):
        disk = FatDisk()
        disk.file(disk.root_at, "F", TEXT)
        disk.link(4, following)
        assert "leads out of it" in refusal(whole, volume(disk).find(("f",)))
    for first in (0, 1, 5002, 0xFFFFFFFF):
        disk = FatDisk()
        disk.slot(disk.root_at, "F", first, 100)
        assert "leads out of it" in refusal(whole, volume(disk).find(("f",)))
        disk.slot(disk.root_at, "F", first, 0, 0x10)
        assert refusal(volume(disk).find, ("f", "index"))
    disk = FatDisk()
    disk.put(44, low(0, 4))  # the root folder is nowhere: read as one without slots
    assert volume(disk).find(("index",)) is None


def test_a_file_that_is_shorter_than_it_says():
    disk = FatDisk()
    disk.file(disk.root_at, "F", TEXT, octets=0xFFFFFFFF)
    file = volume(disk).find(("f",))
    assert file.octets == 0xFFFFFFFF
    view = bytearray(512)
    assert "shorter" in refusal(file.read, 0xFFFFFFFF - 512, memoryview(view))
    assert disk.reads < 40


def test_long_names_that_lie():
    pieces = long_slots(LONG, short_of(LONG))
    assert len(pieces) == 4
    cuts = [
        pieces[1:],  # its end is missing
        pieces[:1] + pieces[2:],
        pieces[:-1],
        pieces[::-1],
        [pieces[0][:13] + b"\x00" + pieces[0][14:]] + pieces[1:],  # of another short name
        [b"\x7f" + pieces[0][1:]] + pieces[1:],  # piece 63
        [b"\x40" + pieces[0][1:]] + pieces[1:],  # piece 0
        pieces + [bytes(32)[:11] + b"\x08" + bytes(20)],
    ]
    for some in cuts:
        disk = FatDisk()
        at = disk.root_at
        for piece in some:
            disk.put(at, piece)
            at += 32
        disk.put(at, short_slot(short_of(LONG), 3, 100))
        assert volume(disk).find((LONG,)) is None
    for name in ("index\x07", "ind\x00ex", "index\x7f", "index ", "\u202eindex"):
        disk = FatDisk()
        disk.slot(disk.root_at, name, 3, 100)
        assert volume(disk).find(("index",)) is None, name


# -- the reader and what the gate makes of its replies


def a_stick(folder=True, **files):
    disk = FatDisk(cluster_sectors=2)
    at = disk.root_at
    if folder:
        disk.file(at, "restante", b"", [disk.free], kind=0x10)
        at = disk.place(disk.free - 1)
    for name, content in files.items():
        at = disk.file(at, name.replace("_", "."), content)
    return disk


def reader(disk):
    return Reader(disk.read, disk.octets, "sda.7")


def test_the_reader_answers():
    for folder in (True, False):
        asked = reader(a_stick(folder, index=b"the index", s1_rstb=TEXT))
        assert stickwire.text_of(asked.answer(b"who")) == "sda.7"
        assert "no index" in told(asked.answer(b"open s1.rstb"))
        assert stickwire.number_of(asked.answer(b"index")) == 9
        assert asked.answer(b"read 0 9") == b"=the index"
        assert stickwire.number_of(asked.answer(b"open s1.rstb")) == len(TEXT)
        reply = asked.answer(b"read 100 2000")
        stickwire.check_octets(reply, 2000)
        assert reply[1:] == TEXT[100:2100]
        for request in (b"read 0 0", b"read 0 16385", b"read %d 1" % len(TEXT), b"read -1 5"):
            assert told(asked.answer(request))
        for request in (b"", b"open", b"open ../index", b"open \xff", b"read", b"who x", b"steal"):
            assert told(asked.answer(request)), request
        assert "index names it" in told(asked.answer(b"open s2.rstb"))
        assert "no file is open" in told(asked.answer(b"read 0 1"))


def test_a_stick_without_an_index_says_so():
    assert "no file index" in told(reader(a_stick(s1_rstb=TEXT)).answer(b"index"))


def test_a_stick_that_is_pulled_ends_the_reader():
    """FAULTS 80."""
    disk = a_stick(index=b"the index")
    asked = reader(disk)
    asked.answer(b"index")
    disk.octets = 0
    for request in (b"who", b"read 0 9", b"index"):
        try:
            asked.answer(request)
            raise AssertionError("it goes on")
        except OSError:
            pass


def told(reply):
    return refusal(stickwire.text_of, reply)


def test_the_gate_believes_no_reply():
    assert "pulled" in told(b"") and "pulled" in refusal(stickwire.check_octets, b"", 5)
    assert stickwire.text_of(b"+a\x1b[2J\xff") == "a?[2J?"
    what = refusal(stickwire.text_of, b"-\x1b]0;x\x07" + b"y" * 9000)
    assert "\x1b" not in what and len(what) <= stickwire.TEXT_OCTETS
    for reply in (b"=octets", b"?", b"\x00", b"+" + b"9" * 4000):
        assert told(reply)
    for reply in (b"+", b"+-1", b"+1e9", b"+99999999999", b"+5 ", b"=5"):
        assert refusal(stickwire.number_of, reply)
    for reply in (b"+12345", b"=1234", b"=123456"):
        assert refusal(stickwire.check_octets, reply, 5)
