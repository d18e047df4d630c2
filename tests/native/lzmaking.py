"""LZX and Quantum streams, compiled HTML help, installers: what no program here writes.

The streams are the plainest that there are: octets as they are, or literals of one length.
"""

import struct
import zlib

FRAME = 32768
CONTENT = b"::DataSpace/Storage/MSCompressed/Content"
CONTROL = b"::DataSpace/Storage/MSCompressed/ControlData"
RESETS = (
    b"::DataSpace/Storage/MSCompressed/Transform/"
    b"{7FC28940-9D31-11D0-9B27-00A0C91E9C7C}/InstanceData/ResetTable"
)


class Bits:
    """The highest bit first, in words of 16 bits, their lower octet first."""

    def __init__(self):
        self.text = ""

    def put(self, value, n):
        self.text += f"{value:0{n}b}"

    def words(self):
        text = self.text + "0" * (-len(self.text) % 16)
        return b"".join(
            struct.pack("<H", int(text[at : at + 16], 2)) for at in range(0, len(text), 16)
        )


def lzx_plain(octets, first=True):
    """One block that is not compressed; `first` where the stream begins or begins anew."""
    bits = Bits()
    if first:
        bits.put(0, 1)
    bits.put(3, 3)
    bits.put(len(octets), 24)
    return bits.words() + struct.pack("<3I", 1, 1, 1) + octets + bytes(len(octets) % 2)


def lzx_literals(octets, slots=30):
    """One verbatim block of at most a frame: every octet is a code of 8 bits."""
    bits = Bits()
    bits.put(0, 1)
    bits.put(1, 3)
    bits.put(len(octets), 24)

    def lengths(runs):
        for symbol in range(20):  # of the code of lengths: 9 ("8 octets") and 18 ("zeros")
            bits.put(1 if symbol in (9, 18) else 0, 4)
        for eights, zeros in runs:
            for _ in range(eights):
                bits.put(0, 1)
            while zeros > 0:
                run = zeros if zeros <= 51 else 51 if zeros >= 71 else zeros - 20
                bits.put(1, 1)
                bits.put(run - 20, 5)
                zeros -= run

    lengths([(256, 0)])
    lengths([(0, slots * 8)])
    lengths([(0, 249)])
    for octet in octets:
        bits.put(octet, 8)
    return bits.words()


def quantum_literals(octets):
    """A frame of literals, short enough that no model is ever scaled down."""
    models = [[n - i for i in range(n + 1)] for n in (64, 64, 64, 64, 7)]
    low, high, pending, bits = 0, 0xFFFF, 0, Bits()

    def out(bit):
        nonlocal pending
        bits.text += str(bit) + str(1 - bit) * pending
        pending = 0

    def put(model, symbol):
        nonlocal low, high, pending
        freq, span = models[model], high - low + 1
        high = low + freq[symbol] * span // freq[0] - 1
        low += freq[symbol + 1] * span // freq[0]
        for i in range(symbol + 1):
            freq[i] += 8
        assert freq[0] <= 3800
        while True:
            if low & 0x8000 == high & 0x8000:
                out(low >> 15)
            elif low & 0x4000 and not high & 0x4000:
                pending += 1
                low, high = low & 0x3FFF, high | 0x4000
            else:
                return
            low, high = low << 1 & 0xFFFF, (high << 1 | 1) & 0xFFFF

    for octet in octets:
        put(4, octet >> 6)
        put(octet >> 6, octet & 63)
    pending += 1
    out(low >> 14 & 1)
    text = bits.text + "0" * (-len(bits.text) % 8 + 16)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def encint(value):
    """A number in groups of 7 bits."""
    made = bytes([value & 0x7F])
    while value := value >> 7:
        made = bytes([0x80 | value & 0x7F]) + made
    return made


def chunk(entries, following=-1, size=4096):
    """A chunk of a directory; an entry is name, section, offset, size."""
    body = b"".join(
        encint(len(name)) + name + encint(section) + encint(at) + encint(n)
        for name, section, at, n in entries
    )
    unused = size - 20 - len(body)
    return struct.pack("<4sIIii", b"PMGL", unused, 0, -1, following) + body + bytes(unused)


# What can be wrong with a help file, each a keyword with what a good one has.
def chm(
    packed,
    plain=(),
    interval=2,
    window=2,
    version=2,
    chunks=None,
    count=None,
    length=None,
    more=(),
    control=None,
    stream=None,
):
    """A help file of pairs of name and octets; `more` are rows of its directory."""
    whole = b"".join(octets for _, octets in packed)
    rows, at = [], 0
    for name, octets in packed:
        rows.append((name, 1, at, len(octets)))
        at += len(octets)
    padded = whole + bytes(-len(whole) % FRAME)
    step = interval * FRAME
    if stream is None:
        stream = b"".join(lzx_plain(padded[at : at + step]) for at in range(0, len(padded), step))
    if control is None:
        control = struct.pack("<I4s5I", 6, b"LZXC", version, interval, window, 1, 0)
    size = len(whole) if length is None else length
    resets = struct.pack("<4I3Q", 2, 0, 8, 40, size, len(stream), FRAME)
    section = b""
    for name, octets in [*plain, (CONTROL, control), (RESETS, resets), (CONTENT, stream)]:
        rows.append((name, 0, len(section), len(octets)))
        section += octets
    directory = chunks if chunks is not None else [chunk([*rows, *more])]
    itsp = struct.pack("<4s3I2Ii2iiI", b"ITSP", 1, 0x54, 10, 4096, 2, 1, -1, 0, 0, 0)
    itsp = itsp[:40] + struct.pack("<iI", -1, len(directory) if count is None else count)
    itsp = itsp.ljust(0x54, b"\0")
    body = b"".join(directory)
    places = struct.pack("<4Q", 0x60, 24, 0x78, 0x54 + len(body))
    head = struct.pack("<4s5I", b"ITSF", 3, 0x60, 1, 0, 0x409) + bytes(32) + places
    head += struct.pack("<Q", 0x78 + 0x54 + len(body))
    return head + bytes(24) + itsp + body + section


def sis(files, plain=False, kind=0):
    """A Symbian installer of (name, octets)."""
    at = 68 + 48 * len(files)
    records, data = b"", b""
    for name, octets in files:
        text = name.encode("utf-16-le")
        packed = octets if plain else zlib.compress(octets)
        records += struct.pack("<3I", kind, 0, 0) + struct.pack("<4I", 0, 0, len(text), at)
        records += struct.pack("<5I", len(packed), at + len(text), len(octets), 0, 0)
        data += text + packed
        at += len(text) + len(packed)
    head = struct.pack("<4I6H", 1, 0x10003A12, 0x10000419, 0, 0, 1, len(files), 0, 0, 0)
    head = head.ljust(36, b"\0") + struct.pack("<H", 9 if plain else 1)
    return head.ljust(52, b"\0") + struct.pack("<I", 68) + bytes(12) + records + data


def coded_setup(files, flags=6):
    """What InstallShield's set-up programs for MSI carry."""
    magic = bytes([0x13, 0x35, 0x86, 0x07])
    made = b"InstallShield\0" + struct.pack("<H", len(files)) + bytes(30)
    for name, octets in files:
        key = bytes(c ^ magic[i % 4] for i, c in enumerate(name))
        coded = bytearray()
        for i, octet in enumerate(zlib.compress(octets)):
            mixed = ~octet & 0xFF ^ key[i % 1024 % len(key)]
            coded.append((mixed << 4 | mixed >> 4) & 0xFF)
        head = name.ljust(260, b"\0") + struct.pack("<3I", flags, 0, len(coded))
        made += head.ljust(312, b"\0") + coded
    return made


def plain_setup(files):
    """What InstallShield's set-up programs with cabinets carry."""
    made = b""
    for name, octets in files:
        made += b"%s\0Disk1\\%s\x000.0.0.0\0%d\0" % (name, name, len(octets)) + octets
    return made


def installshield_cabinets(files, flags=4, volume=2, shift=0):
    """data1.hdr and data2.cab of version 9."""
    data, rows, names = bytes(512), b"", b""
    at_names = 8 + 0x57 * len(files)
    for name, octets in files:
        packed = b""
        for at in range(0, len(octets), FRAME):
            deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
            piece = deflate.compress(octets[at : at + FRAME]) + deflate.flush()
            packed += struct.pack("<H", len(piece)) + piece
        row = struct.pack("<H3Q", flags, len(octets), len(packed), len(data) + shift) + bytes(32)
        row += struct.pack("<IH", at_names + len(names), 0) + bytes(12)
        rows += row + struct.pack("<IIBH", 0, 0, 0, volume)
        names += name + b"\0"
        data += packed
    head = struct.pack("<4s4I", b"ISc(", 0x01009500, 0, 512, 0).ljust(512, b"\0")
    descriptor = struct.pack("<12I", 0, 0, 0, 48, 0, 0, 0, 1, 0, 0, len(files), 8)
    return head + descriptor + bytes(8) + rows + names, b"ISc(".ljust(512, b"\0") + data[512:]
