"""Requests to the device mapper, octet by octet where it matters.  Also on MicroPython."""

import struct

from restante.box import mapper

KEY = bytes(range(64))


def test_a_table_says_its_lengths_and_ends_its_text():
    table = mapper.crypt_table("data", "/dev/vda6", 1 << 33, KEY)
    size, start, count = struct.unpack_from("<III", table, 12)
    assert (size, start, count) == (len(table), mapper.HEADER_OCTETS, 1)
    assert struct.unpack_from("<QQ", table, start) == (0, 1 << 24)
    (following,) = struct.unpack_from("<I", table, start + 20)
    assert start + following == len(table) and following % 8 == 0
    text = bytes(table[start + mapper.TARGET_OCTETS :])
    assert text.startswith(b"aes-xts-plain64 000102") and text.rstrip(b"\0") != text


def test_the_kernel_is_told_to_wipe_its_copy():
    for request in (mapper.request("data"), mapper.crypt_table("data", "/dev/x", 4096, KEY)):
        assert struct.unpack_from("<I", request, 28)[0] == 1 << 15


def test_numbers_of_the_requests():
    assert mapper.CREATE == 0xC138FD03 and mapper.LOAD == 0xC138FD09
