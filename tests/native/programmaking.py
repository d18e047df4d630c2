"""Small programs for Windows (PE): enough of the headers for loaders, matchers and clamscan."""

import struct

ALIGNMENT = 512
HEADERS = 1024


def program(sections, entry=0, new_header=0x80):
    """Sections are octets each; it begins to run at offset `entry` of the first."""
    optional = struct.pack("<HBB5I", 0x10B, 8, 0, 0x200, 0, 0, 0x1000 + entry, 0x1000)
    optional += struct.pack("<4I", 0, 0x400000, 0x1000, ALIGNMENT)
    optional += struct.pack("<6H", 4, 0, 0, 0, 4, 0) + struct.pack("<4I", 0, 0x10000, HEADERS, 0)
    optional += struct.pack("<2H6I", 3, 0, 0x100000, 0x1000, 0x100000, 0x1000, 0, 16)
    optional += bytes(16 * 8)
    coff = struct.pack("<4s2H3I2H", b"PE\0\0", 0x14C, len(sections), 0, 0, 0, len(optional), 0x102)
    table, body, raw, address = b"", b"", HEADERS, 0x1000
    for number, octets in enumerate(sections):
        octets += bytes(-len(octets) % ALIGNMENT)
        name = b".s%d" % number
        table += struct.pack(
            "<8s6I2HI", name, len(octets), address, len(octets), raw, 0, 0, 0, 0, 0x60000020
        )
        body += octets
        raw += len(octets)
        address += -(-len(octets) // 0x1000) * 0x1000
    dos = (b"MZ" + bytes(58) + struct.pack("<I", new_header)).ljust(new_header, b"\0")
    return (dos + coff + optional + table).ljust(HEADERS, b"\0") + body
