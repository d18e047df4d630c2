"""The journal's lines and the state they make.  Also on MicroPython."""

from restante.screening.verdicts import BLOCK, INFECTED
from restante.store import entries, journal
from restante.store.entries import Book, Entry, NewerVersion, Record

ACCOUNT = "anna smith @ 192.0.2.1:110"
SHA = "ab" * 32


def kept(id="1", account=ACCOUNT, sha=SHA, subject="Grüße \u20ac"):
    record = Record(
        account,
        INFECTED,
        BLOCK,
        uidl="u1",
        number=3,
        sender="x",
        subject=subject,
        signature="Eicar",
        part="a.zip",
        bundle="factory",
    )
    return entries.keep_record(Entry(id, record, 1700000000, sha, 120, 20))


BEGIN = {"op": "begin", "version": 1, "next": 1}
RECORDS = (
    BEGIN,
    kept("1"),
    kept("2", sha="cd" * 32),
    entries.release_record("1", 5, "console", "restante-1-1-abababab"),
    entries.delivered_record("1", 6, "restante-1-1-abababab"),
    entries.release_record("2", 7, "console", "restante-2-1-cdcdcdcd"),
)


def lines(records):
    return b"".join(journal.encode(i, r) for i, r in enumerate(records))


def read(data, pieces=None):
    book = Book()
    reader = journal.Reader(book.apply)
    for piece in pieces or [data]:
        reader.feed(piece)
    reader.end()
    return book, reader


def state(book):
    return [
        (e.id, e.state, e.record.values(), e.size, e.octets, e.time, len(e.releases))
        for e in sorted(book.entries.values(), key=lambda e: int(e.id))
    ]


def test_what_was_written_is_read():
    book, reader = read(lines(RECORDS))
    assert reader.damage == [] and reader.torn == 0 and reader.next_seq == len(RECORDS)
    one, two = book.entries["1"], book.entries["2"]
    assert one.state == "delivered" and two.state == "released"
    assert one.record.subject == "Grüße \u20ac" and one.record.account == ACCOUNT
    assert (one.size, one.octets, one.time) == (120, 100, 1700000000)
    assert two.waiting.uidl == "restante-2-1-cdcdcdcd"
    assert book.octets == 240 and book.next_id == 3
    assert book.find(ACCOUNT, SHA) is one and book.find("other", SHA) is None
    assert book.released(ACCOUNT, "restante-2-1-cdcdcdcd") is two
    assert book.released(ACCOUNT, "restante-1-1-abababab") is None


def test_the_result_does_not_depend_on_the_cuts():
    data = lines(RECORDS)
    expected = state(read(data)[0])
    for n in range(1, len(data), 7):
        assert state(read(data, [data[:n], data[n:]])[0]) == expected
    assert state(read(data, [data[i : i + 1] for i in range(len(data))])[0]) == expected


def test_rewriting_gives_the_same_state():
    book, _ = read(lines(RECORDS))
    again, reader = read(lines(list(book.records())))
    assert reader.damage == [] and state(again) == state(book)
    assert again.next_id == book.next_id and reader.records <= book.count()


def test_a_cut_at_any_octet_is_torn_and_nothing_else():
    data = lines(RECORDS)
    starts = [0]
    for record in range(len(RECORDS)):
        starts.append(starts[-1] + len(journal.encode(record, RECORDS[record])))
    for n in range(len(data)):
        _, reader = read(data[:n])
        whole = max(i for i, start in enumerate(starts) if start <= n)
        assert reader.damage == []
        assert (reader.good, reader.torn) == (starts[whole], n - starts[whole])


def test_a_flipped_bit_never_gives_another_state():
    """FAULTS 56: each octet flipped.  The good state, less what was in the damaged line."""
    data = lines(RECORDS)
    good = {repr(s) for s in state(read(data)[0])}
    unchanged = 0
    for i in range(len(data)):
        bad = bytearray(data)
        bad[i] ^= 1
        book, reader = read(bytes(bad))
        unchanged += not (reader.damage or reader.torn)
        for s in state(book):
            # A release may be missing, an entry may be missing; nothing else may differ.
            assert repr(s) in good or s[1] in ("held", "released")
    assert unchanged == 0


def test_a_missing_record_is_noticed():
    data = journal.encode(0, BEGIN) + journal.encode(2, kept())
    book, reader = read(data)
    assert len(reader.damage) == 1 and "1" in book.entries


def test_a_repeated_record_is_noticed_and_not_applied():
    data = lines([BEGIN, kept()]) + journal.encode(1, kept("2"))
    book, reader = read(data)
    assert len(reader.damage) == 1 and list(book.entries) == ["1"]


def test_a_line_that_does_not_end_is_bounded():
    _, reader = read(b"", [b"x" * 1000] * 100)
    assert reader.damage and reader.torn <= journal.LINE_OCTETS


def test_records_that_make_no_sense_are_damage():
    senseless = (
        {"op": "nonsense"},
        {"op": "release", "id": "9", "time": 1, "who": "x", "uidl": "u"},
        {"op": "keep", "id": "../1"},
        dict(kept(), size=-1),
        dict(kept(), account=5),
        dict(kept(), id="x"),
    )
    for record in senseless:
        book, reader = read(lines([BEGIN, record]))
        assert len(reader.damage) == 1 and book.entries == {}


def test_a_newer_version_stops_the_reading():
    try:
        read(lines([{"op": "begin", "version": 2, "next": 1}]))
    except NewerVersion:
        return
    raise AssertionError("a newer journal was read")


def test_deleted_entries_leave_a_record_and_their_id():
    book, _ = read(lines(RECORDS))
    book.apply(entries.delete_record(book.entries["2"], 9, "console"))
    assert list(book.entries) == ["1"] and book.octets == 120
    again, reader = read(lines(list(book.records())))
    assert reader.damage == [] and again.next_id == 3
    assert again.deleted[0]["account"] == ACCOUNT and again.deleted[0]["who"] == "console"


def test_the_audit_is_bounded():
    book = Book()
    for i in range(1, entries.AUDIT_RECORDS + 50):
        book.apply(kept(str(i), sha="%064x" % i))
        book.apply(entries.delete_record(book.entries[str(i)], 9, "console"))
    assert len(book.deleted) == entries.AUDIT_RECORDS
    assert book.take_id() == str(entries.AUDIT_RECORDS + 50)


def test_texts_of_a_record_are_bounded_and_printable():
    record = Record(ACCOUNT, INFECTED, BLOCK, subject="a\nb\x7f\x1b[31m" + "x" * 500)
    assert record.subject.startswith("a?b??[31m")
    assert len(record.subject) == entries.TEXT_CHARACTERS
    worst = kept(subject="\u20ac" * 500, account="\u20ac" * entries.ACCOUNT_CHARACTERS)
    assert len(journal.encode(999999, worst)) < journal.LINE_OCTETS
