"""Any octets as a stick: a StickError, or they are read; no other error, and never without end."""

from fat_disk import FatDisk
from hypothesis import given
from hypothesis import strategies as st
from restante.update import fat, stickwire
from restante.update.fault import StickError
from restante.update.stickreader import Reader

CONTENT = bytes(range(256)) * 8
# What one request may read: the largest folder and its chain three times (the two folders that are
# looked into, and the way to one of them), and the pieces of a file of one cluster each.
MOST_READS = 3 * (fat.FOLDER_SLOTS // 16 * 2) + 2 * stickwire.PIECE_OCTETS // fat.SECTOR_OCTETS

octet = st.integers(0, 255)
# Where lies matter: boot sector, table, root folder, the folder restante; or anywhere.
place = st.tuples(st.sampled_from(["boot", "table", "root", "inside", "any"]), st.integers(0, 511))
requests = st.lists(
    st.one_of(
        st.sampled_from([b"who", b"index", b"open s1.rstb", b"open index"]),
        st.tuples(st.integers(0, 5000), st.integers(0, 20000)).map(lambda p: b"read %d %d" % p),
        st.binary(max_size=stickwire.REQUEST_OCTETS),
    ),
    max_size=6,
)


def a_stick(wide, size):
    disk = FatDisk(wide, size)
    disk.file(disk.root_at, "restante", b"", [disk.free], kind=0x10)
    inside = disk.place(disk.free - 1)
    disk.file(disk.file(inside, "index", CONTENT), "s1.rstb", CONTENT * 2)
    return disk, inside


@given(
    st.booleans(),
    st.sampled_from([1, 4]),
    st.lists(st.tuples(place, octet), max_size=12),
    requests,
)
def test_damaged_octets(wide, size, damage, asked):
    disk, inside = a_stick(wide, size)
    starts = {
        "boot": 0,
        "table": disk.reserved * 512,
        "root": disk.root_at,
        "inside": inside,
        "any": disk.root_at + 4096,
    }
    for (where, at), value in damage:
        disk.put(starts[where] + at, bytes([value]))
    reader = Reader(disk.read, disk.octets, "sda.1")
    for request in [b"index", b"open s1.rstb", *asked]:
        disk.reads = 0
        try:
            reply = reader.answer(request)
        except OSError:
            return  # beyond the medium: for the reader it is gone
        assert 0 < len(reply) <= stickwire.REPLY_OCTETS and reply[0] in b"+=-"
        assert disk.reads <= MOST_READS


@given(st.binary(max_size=2048))
def test_any_octets_are_no_volume_or_one(octets):
    def read(at, view):
        piece = octets[at : at + len(view)]
        if len(piece) < len(view):
            raise OSError(5)
        view[:] = piece

    try:
        fat.Volume(read, len(octets)).find(("index",))
    except (StickError, OSError):
        pass


@given(st.binary(max_size=400))
def test_any_reply_is_an_error_or_what_it_says(reply):
    for call in (stickwire.text_of, stickwire.number_of):
        try:
            found = call(reply)
            assert isinstance(found, (str, int)) and reply[:1] == b"+"
        except StickError as error:
            assert error.what.isprintable() and error.step.isprintable() and error.step
