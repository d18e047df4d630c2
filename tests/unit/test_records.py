"""The binary journal of a maildrop.  Also on MicroPython."""

from restante.compat import crc32
from restante.store import index as book
from restante.store import records
from restante.store.entries import NewerVersion

RECORDS = [(1, b"begin"), (2, b""), (3, bytes(range(140))), (4, b"x" * 149), (5, b"\0\0\0")]


def octets(these, seq=0):
    return b"".join([bytes(records.encode(seq + i, r)) for i, r in enumerate(these)])


def read(data, step=0):
    found = []
    reader = records.Reader(lambda record: found.append((record[0], bytes(record[1]))))
    for at in range(0, len(data), step or len(data) or 1):
        reader.feed(data[at : at + (step or len(data))])
    reader.end()
    return found, reader


def test_the_checksum_is_the_usual_one():
    assert crc32(b"xx123456789x", 2, 11, 0) == 0xCBF43926
    assert crc32(b"56789", 0, 5, crc32(b"1234", 0, 4, 0)) == 0xCBF43926
    assert crc32(b"", 0, 0, 0) == 0


def test_what_was_written_is_read_whatever_the_pieces():
    data = octets(RECORDS)
    for step in range(len(data)):
        found, reader = read(data, step)
        assert found == RECORDS and reader.damage == [] and reader.torn == 0
        assert (reader.next_seq, reader.records, reader.good) == (5, 5, len(data))


def test_a_cut_at_any_octet_is_torn_and_nothing_else():
    data = octets(RECORDS)
    ends = [len(octets(RECORDS[:i])) for i in range(len(RECORDS) + 1)]
    for n in range(len(data)):
        found, reader = read(data[:n], 7)
        whole = max([i for i, end in enumerate(ends) if end <= n])
        assert found == RECORDS[:whole] and reader.damage == []
        assert (reader.good, reader.torn) == (ends[whole], n - ends[whole])


def test_room_that_was_never_filled_is_torn():
    data = octets(RECORDS)
    for n in (1, 11, 200, 5000):
        found, reader = read(data + bytes(n), 1000)
        assert found == RECORDS and reader.damage == []
        assert (reader.good, reader.torn) == (len(data), n)
    found, reader = read(bytes(300))
    assert found == [] and reader.damage == [] and reader.torn == 300


def test_each_flipped_bit_is_told_and_costs_one_record():
    data = octets(RECORDS)
    for i in range(len(data)):
        bad = bytearray(data)
        bad[i] ^= 1 << i % 8
        found, reader = read(bytes(bad), 50)
        lost = [r for r in RECORDS if r not in found]
        assert len(lost) == 1 and reader.damage + [0] * reader.torn, i
        # A length that grew beyond the end looks like a record that was cut off.
        assert reader.damage or lost == RECORDS[-1:]


def test_reading_goes_on_behind_strange_octets():
    strange = bytes(range(256)) * 3
    found, reader = read(octets(RECORDS[:2]) + strange + octets(RECORDS[2:], 2), 64)
    assert found == RECORDS and len(reader.damage) == 1
    assert "%d unreadable octets" % len(strange) in reader.damage[0]
    found, reader = read(octets(RECORDS) + strange)
    assert found == RECORDS and len(reader.damage) == 1 and reader.torn == 0


def test_records_that_are_missing_or_again_are_noticed():
    found, reader = read(octets(RECORDS[:1]) + octets(RECORDS[2:], 2))
    assert len(found) == 4 and "1 to 1 are missing" in reader.damage[0]
    found, reader = read(octets(RECORDS) + octets(RECORDS[1:2], 1))
    assert found == RECORDS and len(reader.damage) == 1


def test_a_record_that_makes_no_sense_is_damage():
    def refuse(record):
        raise ValueError("senseless")

    reader = records.Reader(refuse)
    reader.feed(octets(RECORDS))
    reader.end()
    assert len(reader.damage) == 5 and "record 0: senseless" in reader.damage[0]


def test_a_newer_version_stops_the_reading():
    index = book.Index()
    reader = records.Reader(index.apply)
    try:
        reader.feed(octets([(book.BEGIN, b"\2\0and more"), (99, b"")]))
        reader.end()
    except NewerVersion:
        return
    raise AssertionError("a newer journal was read")
