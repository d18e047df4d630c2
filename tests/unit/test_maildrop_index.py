"""What the records of a maildrop make: entries, UIDLs, order of eviction.  Also on MicroPython."""

from array import array

from restante.store import eviction, listing
from restante.store import index as book
from restante.store.uidls import Uidls


def entry(id, flags=0, octets=10, file=0):
    made = book.Entry(id)
    made.flags = flags
    made.listed = made.octets = octets
    if flags & book.STORED:
        made.size = octets
        made.file = file or id
    made.sha = bytes([id % 256]) * 16
    made.served = made.sha
    return made


def filled(*flags):
    index = book.Index()
    for i, these in enumerate(flags, 1):
        index.apply(book.entry_record(entry(i, these), b"u%d" % i))
        index.numbers[i - 1] = i
    return index


def state(index):
    out = []
    for slot in range(index.count):
        if not index.flags(slot) & book.FORGOTTEN:
            got = index.get(slot)
            out.append((got.pack(), index.uidls.get(slot)))
    return out


def refused(index, record):
    before = state(index)
    try:
        index.apply(record)
    except ValueError:
        assert state(index) == before
        return True
    return False


def test_an_entry_is_what_its_record_says():
    index = filled(0, book.STORED | book.SERVED)
    big = entry(3, book.STORED | book.OWNED, 0xFFFFFFFF, 0xFFFFFFF0)
    big.time = 0xFFFFFFFE
    big.served = b"s" * 16
    index.apply(book.entry_record(big, b"x" * 70))
    got = index.get(2)
    assert got.pack() == big.pack() and index.find(b"x" * 70) == 2
    assert index.served(2) == b"s" * 16 and index.sha(2) == b"\3" * 16
    assert index.stored_octets == 10 + 0xFFFFFFFF and index.next_file == 0xFFFFFFF1
    assert [index.find(b"u1"), index.find(b"u2"), index.find(b"u3")] == [0, 1, -1]


def test_rewriting_gives_the_same_state():
    index = filled(0, book.STORED, book.DELETED | book.GONE, book.HIDDEN)
    index.apply(book.forget_record(2))
    index.apply(book.COMPLETE_RECORD)
    again = book.Index()
    for record in index.records():
        again.apply(record)
    assert state(again) == state(index) and again.complete
    assert (again.next_id, again.next_file) == (index.next_id, index.next_file)
    assert again.live == 3 and again.stored_octets == 0


def test_records_that_make_no_sense_change_nothing():
    index = filled(0, 0)
    for record in (
        (77, b""),
        (book.STATE, b"short"),
        (book.STATE, entry(2).pack()[:-1]),
        (book.STATE, entry(9).pack()),
        (book.FORGET, b"\1"),
        book.forget_record(3),
        book.entry_record(entry(2), b"new"),
        book.entry_record(entry(3), b"u1"),
        book.entry_record(entry(3), b""),
        book.entry_record(entry(3), b"new", source=9),
        (book.BEGIN, b""),
    ):
        assert refused(index, record), record
    index.apply(book.forget_record(1))
    assert refused(index, book.forget_record(1))


def test_a_body_changes_hands_in_one_record():
    index = filled(book.STORED | book.DELETED)
    index.apply(book.entry_record(entry(2, book.STORED | book.OWNED, file=1), b"again", source=1))
    assert not index.flags(0) & book.STORED and index.file(1) == 1
    assert index.released == [] and index.stored_octets == 10


def test_files_that_nothing_needs_are_told():
    index = filled(book.STORED, book.STORED, book.STORED)
    index.apply(book.state_record(entry(1, book.STORED, file=7)))
    index.apply(book.forget_record(2))
    dropped = index.get(2)
    dropped.drop_body()
    index.apply(book.state_record(dropped))
    assert index.released == [1, 2, 3] and index.stored_octets == 10


def test_flags_of_this_run_stay_until_the_body_changes():
    index = filled(book.STORED)
    index.mark(0, book.CHECKED)
    index.apply(book.state_record(entry(1, book.STORED | book.DELIVERED)))
    assert index.flags(0) & book.CHECKED
    index.apply(book.state_record(entry(1, book.STORED, file=7)))
    assert not index.flags(0) & book.CHECKED


def test_who_is_visible():
    index = filled(
        0,
        book.GONE,
        book.GONE | book.OWNED,
        book.DELETED,
        book.HIDDEN,
        book.DELETED | book.OWNED,
        book.STORED | book.GONE,
    )
    seen = array("H")
    index.visible(seen)
    assert list(seen) == [0, 2] == [s for s in range(7) if index.is_visible(s)]
    assert [s for s in range(7) if index.is_retained(s)] == [6]


def test_order_of_eviction():
    stored = book.STORED
    index = filled(
        stored,
        stored | book.OWNED,
        stored | book.DELIVERED,
        stored | book.DELETED,
        stored,
        stored | book.GONE,
        stored | book.DELIVERED,
        book.DELIVERED,
    )
    assert list(eviction.victims(index, 8)) == [3, 5, 2, 6, 0, 4]
    assert list(eviction.victims(index, 4)) == [3, 5, 2, 6, 0]
    assert eviction.choose(index, 0, 8) == ([], 0)
    assert eviction.choose(index, 10, 8) == ([3], 10)
    assert eviction.choose(index, 11, 8) == ([3, 5], 20)
    assert eviction.choose(index, 1000, 0) == ([3, 5, 2, 6], 40)


def test_uidls_are_found_among_many():
    many = Uidls()
    names = [b"%x" % (i * 2654435761 % 4294967291) + b"-" * (i % 60) for i in range(3000)]
    for i, name in enumerate(names):
        assert many.find(name) == -1 and many.add(name) == i
    for i, name in enumerate(names):
        assert many.find(name) == i and many.get(i) == name
    assert many.find(names[0] + b"x") == many.find(b"") == -1
    assert many.add(names[5]) == 3000 and many.find(names[5]) == 3000


def test_a_listing_in_any_order_of_lines():
    index = filled(0, 0)
    new = listing.Listing(index)
    new.size(3, 33)
    new.uidl(3, b"u9")
    new.uidl(1, b"u2")
    new.size(1, 10)
    kinds = []
    for record in list(listing.changes(index, new, 5, 0, False)):
        kinds.append(record[0])
        index.apply(record)
    listing.set_numbers(index, new)
    assert kinds == [book.ENTRY, book.STATE, book.COMPLETE]
    assert [index.numbers[s] for s in range(3)] == [0, 1, 3]
    assert index.octets(2) == 33 and index.uidls.get(2) == b"u9" and not index.is_visible(0)


def test_the_same_listing_again_changes_nothing():
    index = filled(0, book.OWNED, book.DELETED)
    index.apply(book.COMPLETE_RECORD)
    same = listing.Listing(index)
    for i in (1, 2, 3):
        same.uidl(i, b"u%d" % i)
        same.size(i, 10)
    assert list(listing.changes(index, same, 5, 0, False)) == []
