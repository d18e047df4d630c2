"""Groups of servers: places, names that were looked up, whom they want.  Also on MicroPython."""

from restante.accounts.groups import ACCELERATE, ADDRESSES, LEARN, LOGINS, NOT, Groups
from restante.settings import text
from restante.settings.patterns import matches
from restante.settings.tree import GROUP_SETTINGS
from restante.settings.values import Settings


def groups(*lines):
    return Groups(Settings(text.read("\n".join("set " + line for line in lines).encode())))


def name_of(group):
    return group.name if group is not None else None


def test_without_settings_there_is_none():
    assert groups().all() == [] and groups().names() == []
    assert groups().of("192.0.2.1", 110) is None


def test_attributes_are_seconds_octets_and_booleans():
    group = groups("group a servers h", "group a exclusive yes", "group a retention 2").all()[0]
    for setting in GROUP_SETTINGS:
        assert hasattr(group, setting.path.replace("-", "_")), setting.path
    assert group.interval == 300 and group.freshness == 900 and group.listing_age == 30
    assert group.offline_grace == 72 * 3600 and group.retention == 2 * 86400
    assert group.quota == 256 << 20 and group.login_interval == 0
    assert group.exclusive is True and group.replayable_only is False
    assert (group.rule, group.mode, group.fetch) == ("listed", "mirror", "top")
    assert group.quarantine_origin == "keep"
    assert group.stamp is None and group.capabilities is None


def test_places_by_address_network_and_port():
    all = groups(
        "group near servers 192.0.2.0/24,198.51.100.7:1110",
        "group exact servers 192.0.2.9",
        "group wide servers 192.0.0.0/16:110",
    )
    assert [g.name for g in all.all()] == ["exact", "near", "wide"]
    assert name_of(all.of("192.0.2.8", 110)) == "near"
    assert name_of(all.of("192.0.2.9", 110)) == "exact"
    assert name_of(all.of("192.0.3.1", 110)) == "wide"
    assert name_of(all.of("192.1.0.1", 110)) is None
    assert name_of(all.of("198.51.100.7", 1110)) == "near"
    assert name_of(all.of("198.51.100.7", 110)) is None
    assert name_of(all.of("192.0.2.8", 995)) is None
    assert all.named("wide").is_literal("192.0.3.1", 110)
    assert not all.named("wide").is_literal("192.0.3.1", 111)


def test_no_port_means_110_and_what_is_redirected():
    all = groups("group a servers 192.0.2.1", "interception ports 1100,2100")
    for port in (110, 1100, 2100):
        assert all.of("192.0.2.1", port).name == "a"
    assert all.of("192.0.2.1", 1101) is None


def test_names_accumulate_until_their_time_is_over_and_a_new_answer_lacks_them():
    all = groups("group a servers pop.example,mail.example", "group b servers pop.example:995")
    assert all.names() == ["mail.example", "pop.example"]
    assert all.of("192.0.2.1", 110) is None
    all.resolved("pop.example", ["192.0.2.1", "192.0.2.2"], 1000, 60)
    assert all.of("192.0.2.1", 110).name == "a" and all.of("192.0.2.1", 995).name == "b"
    assert not all.named("a").is_literal("192.0.2.1", 110)
    all.resolved("pop.example", ["192.0.2.3"], 1059, 60)
    assert all.of("192.0.2.1", 110).name == "a" and all.of("192.0.2.3", 110).name == "a"
    # Over, but nobody has said that it is another's now: the name server may be out of reach.
    assert all.of("192.0.2.2", 110).name == "a"
    all.resolved("pop.example", ["192.0.2.2"], 1060, 10)
    assert all.of("192.0.2.1", 110) is None
    assert sorted(all.named("a").addresses("pop.example")) == ["192.0.2.2", "192.0.2.3"]
    all.resolved("other.example", ["203.0.113.1"], 1060, 10)
    assert all.of("203.0.113.1", 110) is None


def test_a_shorter_time_to_live_never_shortens():
    all = groups("group a servers pop.example")
    all.resolved("pop.example", ["192.0.2.1"], 0, 600)
    all.resolved("pop.example", ["192.0.2.1"], 10, 1)
    all.resolved("pop.example", [], 300, 1)
    assert all.of("192.0.2.1", 110).name == "a"
    all.resolved("pop.example", [], 600, 1)
    assert all.of("192.0.2.1", 110) is None


def test_addresses_of_a_name_are_bounded_and_the_oldest_goes():
    all = groups("group a servers pop.example")
    for n in range(ADDRESSES + 1):
        all.resolved("pop.example", ["192.0.2.%d" % n], n, 1000)
    assert len(all.named("a").addresses("pop.example")) == ADDRESSES
    assert all.of("192.0.2.0", 110) is None and all.of("192.0.2.1", 110).name == "a"


def test_an_address_is_closer_than_a_name_and_a_name_than_a_network():
    all = groups(
        "group address servers 192.0.2.1",
        "group name servers pop.example",
        "group network servers 192.0.2.0/32,192.0.2.0/24",
    )
    all.resolved("pop.example", ["192.0.2.1", "192.0.2.2"], 0, 60)
    assert all.of("192.0.2.1", 110).name == "address"
    assert all.of("192.0.2.2", 110).name == "name"
    assert all.of("192.0.2.3", 110).name == "network"


def test_a_place_of_an_earlier_login_counts_until_the_names_are_known():
    all = groups("group a servers pop.example", "group b servers 192.0.2.0/24")
    all.named("a").remember("198.51.100.1", 110)
    all.named("b").remember("203.0.113.1", 110)
    assert all.of("198.51.100.1", 110).name == "a"
    assert all.of("198.51.100.1", 111) is None
    assert all.of("203.0.113.1", 110) is None  # b has no names that could not be looked up
    all.resolved("pop.example", ["198.51.100.2"], 0, 60)
    assert all.of("198.51.100.1", 110) is None


def test_places_of_logins_are_bounded():
    all = groups("group a servers pop.example")
    for n in range(LOGINS + 1):
        all.named("a").remember("198.51.%d.%d" % (n >> 8, n & 255), 110)
    assert all.of("198.51.0.255", 110).name == "a" and all.of("198.51.1.0", 110) is None


def wants(rule, users, user):
    lines = ["group a servers h", "group a rule " + rule]
    if users:
        lines.append("group a users " + users)
    return groups(*lines).all()[0].wants(user)


def test_rules():
    assert wants("all", "", b"anna") == ACCELERATE
    assert wants("all", "bert", b"anna") == ACCELERATE
    assert wants("none", "anna", b"anna") == NOT
    assert wants("listed", "", b"anna") == NOT
    assert wants("listed", "bert,anna", b"anna") == ACCELERATE
    assert wants("listed", "bert,anna", b"carl") == NOT
    assert wants("learn", "", b"anna") == LEARN
    assert wants("learn", "anna", b"anna") == LEARN and wants("learn", "anna", b"bert") == NOT
    for rule in ("all", "none", "listed", "learn"):
        assert wants(rule, "*", b"") == NOT


def test_other_settings_of_a_group_keep_what_was_found_out():
    all = groups("group a servers pop.example,192.0.2.1", "group b servers 192.0.2.2")
    a, b = all.all()
    all.resolved("pop.example", ["198.51.100.9"], 0, 60)
    a.remember("198.51.100.7", 110)
    a.stamp, a.capabilities, a.in_step = True, [b"TOP"], False
    lines = b"set group a servers pop.example,192.0.2.1\nset group a interval 60"
    prepared = all.prepared(Settings(text.read(lines)))
    assert all.named("a") is a and a.interval == 300  # nothing counts before take()
    all.take(prepared)
    new = all.named("a")
    assert new.interval == 60 and new.addresses("pop.example") == ["198.51.100.9"]
    assert (new.stamp, new.capabilities, new.in_step) == (True, [b"TOP"], False)
    assert all.of("198.51.100.9", 110) is new and a.interval == 300
    assert all.of("192.0.2.2", 110) is None and b.rule == "none" and a.rule == "listed"
    # Other servers: what one of them said of itself is not true of the others.
    all.take(all.prepared(Settings(text.read(b"set group a servers pop.example,192.0.2.3"))))
    assert all.named("a").stamp is None and all.named("a").capabilities is None
    assert all.of("198.51.100.9", 110) is all.named("a")


def test_users_are_never_folded_or_trimmed():
    for other in (b"Anna", b"anna ", b" anna", b"anna\r", b"ann", b"annaa"):
        assert wants("listed", "anna", other) == NOT, other
    assert wants("listed", "anna%20", b"anna ") == ACCELERATE
    assert wants("listed", "%FF%2A%2C%23", b"\xff*,#") == ACCELERATE
    assert wants("listed", "box%23INBOX", b"box#INBOX") == ACCELERATE
    assert wants("listed", "%2A", b"anna") == NOT


def test_stars():
    for pattern, good, bad in (
        ((b"", b""), [b"x", b"xyz"], []),
        ((b"", b"@acme"), [b"@acme", b"anna@acme"], [b"anna@acme.example", b"@acm"]),
        ((b"a", b"a"), [b"aa", b"aba"], [b"a", b"ab"]),
        ((b"a", b"b", b"c"), [b"abc", b"a-b-c", b"abbc"], [b"ac", b"acb", b"cab"]),
        ((b"", b"ab", b"ab", b""), [b"abab", b"xabxabx"], [b"ab", b"aab"]),
        ((b"ab", b"b", b"bc"), [b"abbbc"], [b"abbc", b"abc"]),
    ):
        for user in good:
            assert matches(pattern, user), (pattern, user)
        for user in bad:
            assert not matches(pattern, user), (pattern, user)
