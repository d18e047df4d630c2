"""Groups and accounts with generated input: any octets as user, password, record."""

import re

import crypto_reference
from hypothesis import given
from hypothesis import strategies as st
from restante.accounts import book, names, sealed
from restante.accounts.groups import Groups
from restante.accounts.sealed import Sealer
from restante.settings import text
from restante.settings.patterns import matches
from restante.settings.values import Settings
from restante.store.entries import NewerVersion

USERS = st.binary(max_size=names.USER_OCTETS)
GROUPS = Groups(Settings(text.read(b"set group acme servers 192.0.2.1")))
SEALER = Sealer(crypto_reference, bytes(range(32)))
# Few letters, so that pieces of patterns are found in users.
SHORT = st.text("ab*", max_size=8).map(str.encode)


@given(USERS, USERS)
def test_two_users_never_have_the_same_name(one, other):
    assert names.octets(names.name(one)) == one
    assert (names.name(one) == names.name(other)) == (one == other)
    assert (names.account_id("g", one) == names.account_id("g", other)) == (one == other)


@given(st.lists(st.text("ab", max_size=3).map(str.encode), min_size=1, max_size=5), SHORT)
def test_patterns_match_as_expressions_do(pieces, user):
    expression = b".*".join(re.escape(piece) for piece in pieces)
    assert matches(tuple(pieces), user) == bool(re.fullmatch(expression, user, re.DOTALL))


@given(st.binary(max_size=sealed.PASSWORD_OCTETS), st.text("0123456789abcdef", max_size=16))
def test_any_password_is_sealed_and_opened(password, id):
    closed = SEALER.seal(id, password)
    assert SEALER.open(id, closed) == password
    assert SEALER.open(id + "0", closed) is None
    assert (len(closed) - 40) % sealed.STEP_OCTETS == 0
    assert len(closed) - 40 - len(password) in range(2, 2 + sealed.STEP_OCTETS)


@given(st.binary(max_size=200))
def test_anything_else_opens_to_nothing(data):
    assert SEALER.open("id", data) is None


@given(USERS, st.binary(max_size=60), st.binary(min_size=1, max_size=3), st.data())
def test_a_changed_octet_is_found(user, password, change, data):
    closed = bytearray(SEALER.seal("id", password))
    at = data.draw(st.integers(0, len(closed) - 1))
    closed[at] ^= max(1, change[0])
    assert SEALER.open("id", bytes(closed)) is None


VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.just("acme")
FIELDS = ("id", "group", "user", "address", "port", "how", "sealed", "time", "confirmed", "state")


@given(
    st.lists(
        st.fixed_dictionaries(
            {"op": st.sampled_from(("begin", "learned", "became", "confirmed", "erased", "x"))},
            optional={name: VALUES for name in (*FIELDS, "why", "version", "who")},
        ),
        max_size=8,
    )
)
def test_any_records_are_taken_or_refused(records):
    found = book.Book(GROUPS)
    for record in records:
        try:
            found.apply(record)
        except (ValueError, NewerVersion):
            continue
    again = book.Book(GROUPS)
    for record in found.records():
        again.apply(record)
    assert list(again.accounts) == list(found.accounts)
