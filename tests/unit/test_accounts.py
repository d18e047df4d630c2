"""One account: names, standing, sealing, records, who was seen.  Also on MicroPython.

The journal is tested on a model of a disk (store/test_accounts_durable.py) and on a real one
(tests/session/test_accounts.py).
"""

import json

from restante.accounts import book, names, sealed, seen, state
from restante.accounts.groups import Groups
from restante.accounts.sealed import Sealer
from restante.accounts.state import Account
from restante.settings import text
from restante.settings.values import Settings
from restante.store.entries import NewerVersion

try:
    import _crypto as crypto
except ImportError:  # CPython
    import crypto_reference as crypto

KEY = bytes(range(32))
SECRET = b"planted-S3CRET"


def groups(*lines):
    base = ["group acme servers 192.0.2.1,pop.example"]
    return Groups(Settings(text.read("\n".join("set " + x for x in base + list(lines)).encode())))


def account(*lines):
    made = Account("acme", groups(*lines).named("acme"), b"anna")
    made.place = ("198.51.100.1", 110)
    made.usable = True
    return made


def raises(kind, call, *arguments):
    try:
        call(*arguments)
    except kind as error:
        return error
    raise AssertionError("accepted")


def test_names_are_printable_and_come_back():
    for octets in (b"", b"anna", b"fr d%\xff", b"%41", bytes(range(254)), b"a@b"):
        assert names.octets(names.name(octets)) == octets
        assert all(32 < ord(c) < 127 for c in names.name(octets))
    assert names.name(b"x" * 254) == "x" * 254 and names.name(b"x" * 255) == ""


def test_ids_differ_by_group_and_user():
    ids = {names.account_id(g, u) for g in ("a", "ab", "b") for u in (b"", b"b", b"ba", b"B")}
    assert len(ids) == 12
    assert all(len(id) == 16 and all(c in "0123456789abcdef" for c in id) for id in ids)


def test_fresh_for_a_while_of_this_boot():
    one = account("group acme freshness 900")
    assert not one.is_fresh(0)
    one.confirm(5000, 100)
    assert one.is_fresh(100) and one.is_fresh(999) and not one.is_fresh(1000)
    one.refuse()
    assert not one.is_fresh(100)


def test_freshness_of_zero_asks_each_time():
    one = account("group acme freshness 0")
    one.confirm(5000, 100)
    assert not one.is_fresh(100)


def test_grace_counts_from_the_last_confirmation():
    one = account("group acme offline-grace 1")
    assert not one.is_in_grace(0, 0)
    one.confirm(5000, 100)
    assert one.is_in_grace(5000, 100) and one.is_in_grace(8599, 0) and not one.is_in_grace(8600, 0)
    one.refuse()
    assert not one.is_in_grace(5000, 100)


def test_grace_of_zero_is_none():
    one = account("group acme offline-grace 0")
    one.confirm(5000, 100)
    assert not one.is_in_grace(5000, 100)


def test_a_clock_that_is_behind_counts_the_time_since_the_start():
    one = account("group acme offline-grace 1")
    one.confirmed_at = 5000
    assert one.is_in_grace(60, 60) and one.is_in_grace(4999, 3599)
    assert not one.is_in_grace(3600, 3600)


def test_what_cannot_be_opened_is_neither_fresh_nor_in_grace():
    one = account()
    one.confirm(5000, 100)
    one.usable = False
    assert not one.is_fresh(100) and not one.is_in_grace(5000, 100)


def test_erased_is_nothing():
    one = account()
    one.confirm(5000, 100)
    one.sealed = b"x"
    one.erase()
    assert not one.is_fresh(100) and not one.is_in_grace(5000, 100) and one.sealed == b""
    assert one.state == state.PASSING and "erased" in one.why


def test_states_and_their_reasons():
    one = account()
    assert one.state == state.LEARNING and one.why == state.FIRST_SYNC
    one.enter(state.READY, "ignored")
    assert one.why == ""
    one.enter(state.PASSING, "duplicate UIDLs")
    assert one.why == "duplicate UIDLs"
    one.enter(state.LEARNING)
    assert one.why == state.FIRST_SYNC


def test_dns_alone_makes_no_place_known():
    one = account()
    one.group.resolved("pop.example", ["198.51.100.9"], 0, 60)
    assert one.group.closeness("198.51.100.9", 110) > 0
    assert not one.may_be_told("198.51.100.9", 110)
    assert one.may_be_told("198.51.100.1", 110) and one.may_be_told("192.0.2.1", 110)
    assert not one.may_be_told("198.51.100.1", 111)


def test_sealed_and_opened():
    sealer = Sealer(crypto, KEY)
    for password in (b"", b"x", SECRET, b"x" * sealed.PASSWORD_OCTETS, bytes(range(256))):
        closed = sealer.seal("0" * 16, password)
        assert sealer.open("0" * 16, closed) == password
        assert len(password) < 3 or password not in closed
        assert sealer.seal("0" * 16, password) != closed  # another nonce


def test_sealed_tells_the_length_in_steps_only():
    sealer = Sealer(crypto, KEY)
    sizes = [len(sealer.seal("id", b"x" * n)) for n in range(200)]
    assert sorted(set(sizes)) == [104, 168, 232, 296]
    assert sizes[62] == 104 and sizes[63] == 168


def test_sealed_is_bound_to_account_and_key():
    sealer = Sealer(crypto, KEY)
    closed = sealer.seal("0" * 16, SECRET)
    assert sealer.open("1" * 16, closed) is None
    assert Sealer(crypto, bytes(32)).open("0" * 16, closed) is None
    assert Sealer(crypto, None).open("0" * 16, closed) is None
    for cut in (0, 10, 24, 39, len(closed) - 1):
        assert sealer.open("0" * 16, closed[:cut]) is None


def test_same_is_never_true_of_nothing():
    sealer = Sealer(crypto, KEY)
    assert sealer.same(b"a", b"a") and not sealer.same(b"a", b"b")
    assert not sealer.same(None, b"") and not sealer.same(b"", None)
    assert not sealer.same(None, None)


def test_records_give_the_same_state_again():
    known = groups()
    first = book.Book(known)
    one = account()
    one.sealed = Sealer(crypto, KEY).seal(one.id, SECRET)
    one.learned_at = 7
    one.confirmed_at = 9
    one.how = state.LOGIN_PLAIN
    for record in (
        {"op": "begin", "version": 1},
        book.learned_record(one),
        book.became_record(one, state.PASSING, "duplicate UIDLs"),
        book.confirmed_record(one, 12),
    ):
        first.apply(json.loads(json.dumps(record)))
    second = book.Book(groups())
    for record in first.records():
        second.apply(json.loads(json.dumps(record)))
    for found in (first, second):
        got = found.accounts[one.id]
        assert (got.name, got.user, got.place) == ("anna @ acme", b"anna", one.place)
        assert (got.sealed, got.how, got.learned_at, got.confirmed_at) == (one.sealed, 2, 7, 12)
        assert (got.state, got.why) == (state.PASSING, "duplicate UIDLs")
    first.apply(book.erased_record(one, 13, "console"))
    assert first.accounts == {}
    # Where the user logged in stands for a name that cannot be looked up.
    assert known.of("198.51.100.1", 110).name == "acme"


def test_an_account_of_a_group_that_is_gone_is_kept_without_one():
    found = book.Book(groups())
    other = Account("gone", None, b"anna")
    other.place = ("192.0.2.1", 110)
    found.apply(book.learned_record(other))
    assert found.accounts[other.id].group is None


def test_senseless_records_are_refused():
    one = account()
    found = book.Book(groups())
    good = book.learned_record(one)
    for change in (
        {"op": "other"},
        {"user": 7},
        {"user": "%ZZ"},
        {"how": 0},
        {"how": 4},
        {"port": -1},
        {"sealed": None},
        {"group": None},
    ):
        record = dict(good)
        record.update(change)
        raises(ValueError, found.apply, record)
    for record in (
        {},
        book.confirmed_record(one, 1),
        book.became_record(one, state.READY, ""),
        {"op": "begin", "version": "1"},
    ):
        raises(ValueError, found.apply, record)
    found.apply(good)
    raises(ValueError, found.apply, book.became_record(one, 4, ""))
    raises(NewerVersion, found.apply, {"op": "begin", "version": 2})


def test_nothing_that_is_shown_holds_the_password():
    sealer = Sealer(crypto, KEY)
    one = account()
    one.sealed = sealer.seal(one.id, SECRET)
    record = book.learned_record(one)
    for shown in (repr(one), str(one), repr(sealer), repr(record), one.name, one.why):
        assert "S3CRET" not in shown and "planted" not in shown


def test_seen_is_bounded_and_the_last_comes_first():
    table = seen.Seen()
    for n in range(seen.ROWS + 5):
        table.note(b"user%d" % n, ("192.0.2.1", 110), seen.APOP, n)
    rows = table.rows()
    assert len(rows) == seen.ROWS
    assert rows[0].name == "user%d" % (seen.ROWS + 4) and rows[-1].name == "user5"


def test_seen_again_is_one_row():
    table = seen.Seen()
    table.note(b"an na", ("192.0.2.1", 110), seen.APOP, 5)
    table.note("an%20na", ("192.0.2.1", 110), seen.BY_RULE, 9)
    table.note(b"an na", ("192.0.2.1", 111), seen.APOP, 7)
    first = table.rows()[0]
    assert (first.name, first.origin, first.why) == ("an%20na", "192.0.2.1:110", seen.BY_RULE)
    assert (first.time, first.times, len(table.rows())) == (9, 2, 2)
    table.forget(b"an na", ("192.0.2.1", 110))
    table.forget(b"other", ("192.0.2.1", 110))
    assert [row.origin for row in table.rows()] == ["192.0.2.1:111"]
