"""The collector's pure parts for any input: bounds of the schedule, refusals, stuffing."""

from hypothesis import given
from hypothesis import strategies as st
from restante.collect import dns, failures, schedule
from restante.collect.form import Stuffing
from restante.collect.schedule import DONE, HOUR_S, MORE, Schedule
from restante.errors import ProtocolError

KINDS = list(range(failures.WRONG_PASSWORD, failures.UNREACHABLE + 1))
KEYS = "abc"
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["wait", "wait", "wait", "poke", "client", "learned", "erase"]),
        st.sampled_from(KEYS),
        st.integers(1, 2000),
        st.sampled_from([DONE, MORE, *KINDS]),
        st.integers(0, 999),
    ),
    max_size=60,
)


@given(STEPS, st.integers(60, 3600), st.sampled_from([0, 0, 30, 900]))
def test_bounds_hold_whatever_happens(steps, interval, delay):
    plan = Schedule()
    now = 0
    logins = {key: [] for key in KEYS}
    refused = {key: [] for key in KEYS}
    anybody = dict.fromkeys(KEYS, -(10**6))
    for what, key, seconds, how, chance in steps:
        for k in KEYS:
            plan.add(k, interval, now, chance)
            plan.delay(k, delay)
        if what == "poke":
            plan.poke(key, now)
        elif what == "learned":
            plan.forgive(key)
        elif what == "client":
            plan.login(key, now, spider=False)
            anybody[key] = now
            plan.refreshed(key, now, chance)
        due = plan.due(now)
        while due is not None:
            plan.began(due)
            if how != failures.UNREACHABLE:
                assert now - anybody[due] >= delay
                plan.login(due, now)
                anybody[due] = now
                logins[due].append(now)
                if how > DONE:
                    refused[due].append(now)
            plan.ended(due, now, how, chance)
            following = plan.due(now)
            assert following is None or how == MORE or following != due
            due = following
        now += seconds
    for found, most in ((logins, schedule.LOGINS), (refused, schedule.FAILED_LOGINS)):
        for times in found.values():
            for i in range(len(times) - most):
                assert times[i + most] - times[i] >= HOUR_S
    assert plan.running == 0


@given(st.integers(60, 3600), st.lists(st.sampled_from(KINDS[:-1]), min_size=1, max_size=8))
def test_refused_logins_an_hour(interval, kinds):
    plan = Schedule()
    plan.add("a", interval, 0, 0)
    now, times = 0, []
    for i in range(40):
        now = max(now, plan.next("a"))
        assert plan.due(now) == "a"
        plan.began("a")
        plan.login("a", now)
        times.append(now)
        plan.ended("a", now, kinds[i % len(kinds)], 0)
    for i in range(len(times) - schedule.FAILED_LOGINS):
        assert times[i + schedule.FAILED_LOGINS] - times[i] >= HOUR_S


@given(st.integers(1, 12), st.integers(0, 999))
def test_nobody_starves(accounts, chance):
    """One visit at a time, each a minute long, and all of them want more."""
    plan = Schedule()
    for key in range(accounts):
        plan.add(key, 300, 0, chance)
    now, last = 400, {}
    for _ in range(accounts * 5):
        key = plan.due(now)
        if key is not None:
            plan.began(key)
            plan.login(key, now)
            now += 60
            plan.ended(key, now, MORE, chance)
            last[key] = now
    assert set(last) == set(range(accounts))


@given(st.binary(max_size=600))
def test_any_refusal_has_one_meaning(octets):
    line = b"-ERR" + octets
    kind = failures.kind(line)
    assert kind in KINDS[:-1]
    if kind == failures.WRONG_PASSWORD:
        assert failures.code(line) == b"AUTH"
    text = failures.alert(line)
    assert len(text) <= failures.ALERT_OCTETS and all(" " <= c <= "~" for c in text)


@given(st.lists(st.binary(max_size=5)), st.lists(st.sampled_from([b".", b"\r\n", b"a", b"\n"])))
def test_stuffing_does_not_depend_on_the_cuts(random, likely):
    for parts in (random, likely):
        whole = b"".join(parts)
        stuffing = Stuffing()
        for part in parts:
            stuffing.take(part)
        assert stuffing.dots == (b"\n" + whole).count(b"\n.")


ASKED = dns.query(7, "pop.example.net")


@given(st.binary(max_size=300), st.integers(0, 40), st.sampled_from([b"\x81\x80", b"\x80\0"]))
def test_any_answer_is_read_or_refused(octets, count, flags):
    text = ASKED[:2] + flags + b"\0\1" + bytes((0, count)) + b"\0\0\0\0" + ASKED[12:] + octets
    try:
        addresses, ttl = dns.answer(text, ASKED)
    except ProtocolError:
        return
    assert len(addresses) <= count and dns.TTL_SHORTEST <= ttl <= dns.TTL_LONGEST
    for address in addresses:
        assert len([int(part) for part in address.split(".")]) == 4


@given(st.binary(max_size=600))
def test_any_octets_are_refused_or_an_answer(octets):
    try:
        dns.answer(octets, ASKED)
    except ProtocolError:
        return
    assert octets.startswith(ASKED[:2])
