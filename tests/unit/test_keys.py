"""The key record: layout, damage, derived keys.  Also on MicroPython."""

from restante.box import keys

KEY = bytes(range(32))


def hexadecimal(octets):
    return "".join(["%02x" % octet for octet in octets])


def shown(record):
    return record.state, record.sequence, record.key


def test_a_copy_is_one_sector_and_says_what_was_put_in():
    copy = keys.pack(keys.Record(keys.FILLED, 7, KEY))
    assert len(copy) == 512 and copy[:8] == b"RSTKEYS\n" and copy[16:48] == KEY
    assert copy[48:480] == bytes(432)
    assert shown(keys.unpack(copy)) == (keys.FILLED, 7, KEY)


def test_the_highest_sequence_number_fits():
    record = keys.Record(keys.FRESH, 0xFFFFFFFF, KEY)
    assert keys.unpack(keys.pack(record)).sequence == 0xFFFFFFFF


def test_each_flipped_bit_is_damage():
    copy = keys.pack(keys.Record(keys.FILLED, 1, KEY))
    for at in range(len(copy)):
        damaged = bytearray(copy)
        damaged[at] ^= 1 << at % 8
        assert keys.unpack(bytes(damaged)) is None, at


def test_blank_short_and_foreign_sectors_are_no_records():
    for copy in (bytes(512), b"\xff" * 512, b"", keys.pack(keys.Record(1, 1, KEY))[:511]):
        assert keys.unpack(copy) is None


def test_a_whole_record_of_a_newer_layout_is_an_error():
    copy = bytearray(keys.pack(keys.Record(keys.FILLED, 1, KEY)))
    copy[8] = 2
    copy[480:] = keys.hashlib.sha256(bytes(copy[:480])).digest()
    try:
        keys.unpack(bytes(copy))
    except keys.KeysError as error:
        assert "layout 2" in str(error)
        return
    raise AssertionError("taken")


def test_the_higher_sequence_number_counts():
    older, newer = keys.Record(keys.FILLED, 1, KEY), keys.Record(keys.DESTROYED, 2, bytes(32))
    assert keys.newest([older, newer]) is newer and keys.newest([newer, older]) is newer
    assert keys.newest([None, older]) is older and keys.newest([None, None]) is None


def test_hmac_of_rfc_4231():
    assert hexadecimal(keys.hmac(b"\x0b" * 20, b"Hi There")) == (
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    )
    assert hexadecimal(keys.hmac(b"Jefe", b"what do ya want for nothing?")) == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


def test_hkdf_of_rfc_5869_case_3():
    assert hexadecimal(keys.subkey(b"\x0b" * 22, b"", 42)) == (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    )


def test_subkeys_differ_by_purpose_and_master():
    data, device = (keys.subkey(KEY, p, 32) for p in (keys.DATA_PARTITION, keys.DEVICE))
    assert len({data, device, keys.subkey(bytes(32), keys.DEVICE, 32), KEY}) == 4
    # XTS refuses two equal halves.
    both = keys.subkey(KEY, keys.DATA_PARTITION, 64)
    assert both[:32] != both[32:]
