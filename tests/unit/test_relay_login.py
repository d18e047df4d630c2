"""A login at an origin of a group: the table of decisions, the offers, the bounds, the numbers.

Also on MicroPython.
"""

import binascii

from restante.accounts.groups import ACCELERATE, LEARN, NOT
from restante.accounts.state import LOGIN_LOGIN, LOGIN_PLAIN
from restante.collect import failures
from restante.relay import bounds, capa, decision
from restante.relay.offer import ASK_BOTH, ASK_PASSWORD, ASK_USER, Exchange, Offer
from restante.relay.snapshot import Snapshot

KINDS = (
    failures.WRONG_PASSWORD,
    failures.UNCLEAR,
    failures.BUSY,
    failures.TOO_SOON,
    failures.TEMPORARY,
    failures.PERMANENT,
    failures.UNREACHABLE,
)
ANSWERS = KINDS + (decision.TAKEN,)
BOOLEANS = (False, True)


def cases():
    for wants in (NOT, LEARN, ACCELERATE):
        for ready in BOOLEANS:
            for same in BOOLEANS:
                for fresh in BOOLEANS:
                    for in_grace in BOOLEANS:
                        yield decision.Case(wants, ready, same, fresh, in_grace)


def test_the_origin_is_spared_in_one_case_only():
    for case in cases():
        alone = case.wants == ACCELERATE and case.ready and case.same and case.fresh
        assert decision.before(case) == (decision.SERVE if alone else decision.ASK)


def expected(case, answer):
    """The table, read the other way round: from what must never happen."""
    servable = case.wants == ACCELERATE and case.ready and case.same and case.in_grace
    if answer == decision.TAKEN:
        if case.wants == NOT:
            return decision.PASS
        if case.wants == ACCELERATE and case.ready:
            return decision.TAKE_OVER
        return decision.TEACH
    if answer in (failures.WRONG_PASSWORD, failures.UNCLEAR):
        return decision.REVOKE if case.same else decision.RELAY
    if answer == failures.PERMANENT or (answer != failures.UNREACHABLE and not servable):
        return decision.RELAY
    return decision.SERVE if servable else decision.LATER


def test_every_answer_in_every_case():
    assert len(set(ANSWERS)) == 8
    seen = set()
    for case in cases():
        for answer in ANSWERS:
            step = decision.after(case, answer)
            assert step == expected(case, answer), (vars_of(case), answer)
            seen.add(step)
    assert len(seen) == 7


def vars_of(case):
    return (case.wants, case.ready, case.same, case.fresh, case.in_grace)


def test_a_wrong_guess_never_touches_what_is_sealed():
    for case in cases():
        if not case.same:
            for answer in KINDS:
                assert decision.after(case, answer) in (decision.RELAY, decision.LATER)


def test_a_silent_origin_is_no_wrong_password():
    for case in cases():
        assert decision.after(case, failures.UNREACHABLE) in (decision.SERVE, decision.LATER)


def b64(octets):
    return binascii.b2a_base64(octets).strip()


def test_offers():
    plain = Exchange(b"PLAIN", b64(b"\0fred\0se cret"))
    assert plain.challenge == b""
    offer = plain.offer
    assert (offer.user, offer.password, offer.how) == (b"fred", b"se cret", LOGIN_PLAIN)
    offer.wipe()
    assert offer.password == bytearray(7)
    later = Exchange(b"PLAIN", None)
    assert later.challenge == ASK_BOTH
    later.response(b64(b"fred\0fred\0x"))
    assert later.challenge == b"" and later.offer.user == b"fred"


def test_auth_login():
    exchange = Exchange(b"LOGIN", None)
    assert exchange.challenge == ASK_USER
    exchange.response(b64(b"fred"))
    assert exchange.challenge == ASK_PASSWORD and exchange.offer is None
    exchange.response(b"")
    assert exchange.challenge == b""
    assert (exchange.offer.user, exchange.offer.password) == (b"fred", b"")
    assert exchange.offer.how == LOGIN_LOGIN
    initial = Exchange(b"LOGIN", b64(b"fred"))
    assert initial.challenge == ASK_PASSWORD
    assert Exchange(b"LOGIN", b"=").challenge == ASK_PASSWORD


def test_bad_plain():
    for line in (b64(b"fred"), b64(b"a\0b"), b64(b"a\0b\0c\0d"), b64(b"boss\0fred\0x"), b"="):
        try:
            Exchange(b"PLAIN", line)
        except ValueError:
            continue
        raise AssertionError(line)


def test_a_secret_is_in_no_text():
    offer = Offer(b"fred", b"hush-hush", LOGIN_PLAIN)
    assert "hush" not in repr(offer) and "hush" not in str(offer)


def test_wrong_passwords_are_bounded():
    guard = bounds.Bounds(lambda a, b: a - b)
    for now in range(bounds.WRONG):
        assert not guard.spent("anna", now)
        guard.wrong("anna", now)
    assert guard.spent("anna", 10) and not guard.spent("bert", 10)
    assert guard.spent("anna", bounds.WINDOW_MS - 1)
    assert not guard.spent("anna", bounds.WINDOW_MS)
    guard.wrong("anna", bounds.WINDOW_MS + 1)
    assert not guard.spent("anna", bounds.WINDOW_MS + 2)
    for _ in range(bounds.WRONG):
        guard.wrong("bert", 20)
    guard.logged_in("bert", 21)
    assert not guard.spent("bert", 22)


def test_time_between_logins():
    guard = bounds.Bounds(lambda a, b: a - b)
    assert not guard.too_soon("anna", 0, 5000)
    guard.wrong("anna", 0)
    assert not guard.too_soon("anna", 1, 5000)
    guard.logged_in("anna", 1000)
    assert guard.too_soon("anna", 5999, 5000) and not guard.too_soon("anna", 6000, 5000)
    assert not guard.too_soon("anna", 1001, 0)


def test_accounts_of_the_bounds_are_bounded():
    guard = bounds.Bounds(lambda a, b: a - b)
    for n in range(bounds.ACCOUNTS + 10):
        for _ in range(bounds.WRONG):
            guard.wrong(n, n)
    assert not guard.spent(0, 400) and guard.spent(bounds.ACCOUNTS + 9, 400)


class Drop:
    """Slots 10, 11, ... with UIDLs and sizes."""

    def __init__(self, sizes):
        self._sizes = sizes

    def slots(self):
        return [10 + i for i in range(len(self._sizes))]

    def uidl(self, slot):
        return b"u%d" % slot

    def octets(self, slot):
        return self._sizes[slot - 10]


def text_of(snapshot, with_uidl):
    return b"".join(snapshot.pieces(with_uidl))


def test_snapshot():
    snapshot = Snapshot(Drop([100, 0, 7]))
    assert snapshot.count == 3 and snapshot.totals(1, 9) == (3, 107)
    assert [snapshot.slot(n) for n in (0, 1, 3, 4)] == [-1, 10, 12, -1]
    assert text_of(snapshot, False) == b"1 100\r\n2 0\r\n3 7\r\n"
    snapshot.mark(1)
    assert snapshot.slot(1) == -1 and snapshot.slot(2) == 11
    assert snapshot.totals(1, 3) == (2, 7) and snapshot.totals(2, 1) == (1, 0)
    assert snapshot.marked() == [10]
    assert text_of(snapshot, True) == b"2 u11\r\n3 u12\r\n"
    assert snapshot.line(3, True) == b"3 u12" and snapshot.line(3, False) == b"3 7"
    snapshot.unmark()
    assert snapshot.totals(1, 9) == (3, 107) and snapshot.marked() == []


def test_an_empty_maildrop():
    snapshot = Snapshot(Drop([]))
    assert snapshot.totals(1, 5) == (0, 0) and text_of(snapshot, True) == b""
    assert snapshot.slot(1) == -1 and snapshot.marked() == []


def test_a_long_listing_comes_in_pieces():
    snapshot = Snapshot(Drop([5] * 1000))
    pieces = list(snapshot.pieces(True))
    assert len(pieces) > 5 and max(len(p) for p in pieces) < 1100
    assert b"".join(pieces).count(b"\r\n") == 1000


class Group:
    capabilities = None
    replayable_only = False
    login_interval = 0


def test_capabilities_of_a_group():
    group = Group()
    assert capa.of_group(group) == [b"TOP", b"USER", b"UIDL"]
    group.capabilities = [
        b"TOP",
        b"utf8",
        b"LANG",
        b"SASL PLAIN CRAM-MD5",
        b"LOGIN-DELAY 900",
        b"",
    ]
    assert capa.of_group(group) == [b"TOP", b"SASL PLAIN CRAM-MD5"]
    assert capa.mechanisms(group) == [b"PLAIN", b"CRAM-MD5"]
    group.replayable_only = True
    group.login_interval = 60
    assert capa.of_group(group) == [b"TOP", b"SASL PLAIN", b"LOGIN-DELAY 60"]
