"""Settings: the tree, its text form, errors that name the line.  Also on MicroPython."""

from restante.errors import SettingsError
from restante.screening import verdicts
from restante.settings import text, tree
from restante.settings.values import Settings


def refused(data):
    try:
        text.read(data)
    except SettingsError as error:
        return error
    raise AssertionError("accepted: %r" % data)


def test_empty_text_means_defaults():
    assert text.read(b"") == {}
    assert Settings().get("interception ports") == (110,)
    assert Settings().get("lan address") == ("192.168.77.1", 24)
    assert Settings().get("wan address") is None


def test_defaults_fit_together_and_are_canonical():
    assert tree.check(tree.defaults()) is None
    for setting in tree.SETTINGS:
        if setting.default is not None:
            assert setting.kind.read(setting.kind.write(setting.default)) == setting.default


def test_lines_comments_blanks_and_line_ends():
    data = b"# office\n\r\n  set\tsessions maximum 7 # few\r\n\nset log level debug"
    values = text.read(data)
    assert values == {"sessions maximum": 7, "log level": "debug"}
    assert text.write(values) == "set sessions maximum 7\nset log level debug\n"


def test_comment_may_hold_any_octet_and_a_setting_may_not():
    assert text.read(b"# ol\xe9 \x00\n") == {}
    error = refused(b"\nset system hostname ol\xe9\n")
    assert error.line == 2 and "0xe9" in error.text


def test_error_names_line_what_and_what_is_allowed():
    error = refused(b"# one\nset sessions maximum 501\n")
    assert error.line == 2
    assert "sessions maximum" in error.text and "501" in error.text
    assert "from 1 to 500" in error.text


def test_ranges_at_their_ends():
    for good in (b"1", b"500"):
        text.read(b"set sessions maximum " + good)
    for bad in (b"0", b"501", b"-1", b"+1", b"01", b"1.0", b"0x1", b"", b"9" * 5000, b"1 2"):
        assert refused(b"set sessions maximum " + bad).line in (0, 1)


def test_choice_is_exact():
    assert text.read(b"set interception fail direct")["interception fail"] == "direct"
    assert "block or direct" in refused(b"set interception fail Direct").text


def test_addresses():
    for bad in (
        b"10.0.0.0/24",
        b"10.0.0.255/24",
        b"10.0.0.1/7",
        b"10.0.0.1/31",
        b"10.0.0.1",
        b"127.0.0.1/8",
        b"0.1.1.1/8",
        b"224.0.0.1/24",
        b"256.0.0.1/24",
        b"10.0.0.01/24",
        b"10.0.0.1/24/1",
        b"1.2.3/24",
        b"a.b.c.d/24",
        b"10.0.0.1;reboot/24",
    ):
        assert refused(b"set lan address " + bad).line == 1
    assert text.read(b"set lan address 10.0.0.254/24")["lan address"] == ("10.0.0.254", 24)


def test_ports():
    assert text.read(b"set interception ports 1100,110,110")["interception ports"] == (110, 1100)
    for bad in (b"0", b"65536", b"110,", b"11000", b"1,2,3,4,5,6,7,8,9", b"110 1100"):
        refused(b"set interception ports " + bad)
    assert len(text.read(b"set interception ports 1,2,3,4,5,6,7,8")["interception ports"]) == 8


def test_hostname():
    for bad in (b"-a", b"a-", b"a_b", b"A", b"a" * 64, b"a.b", b"$(reboot)"):
        refused(b"set system hostname " + bad)
    assert text.read(b"set system hostname " + b"a" * 63)["system hostname"] == "a" * 63


def test_static_wan_needs_address_and_gateway_in_its_network():
    assert "wan address" in refused(b"set wan mode static").text
    base = b"set wan mode static\nset wan address 192.0.2.2/24\nset wan gateway "
    assert "network" in refused(base + b"192.0.3.1").text
    assert refused(base + b"192.0.2.2").line == 3
    assert text.read(base + b"192.0.2.1")["wan gateway"] == "192.0.2.1"


def test_leases_fit_the_network_of_the_office():
    assert "dhcp-range" in refused(b"set lan dhcp on").text
    base = b"set lan dhcp on\nset lan dhcp-range "
    for good in (b"192.168.77.2-192.168.77.254", b"192.168.77.9-192.168.77.9"):
        assert text.read(base + good)["lan dhcp"] == "on"
    for bad in (
        b"192.168.77.0-192.168.77.9",
        b"192.168.77.9-192.168.77.255",
        b"192.168.78.1-192.168.78.9",
        b"192.168.77.1-192.168.77.9",
        b"192.168.77.9-192.168.77.2",
        b"192.168.77.9",
        b"a-b",
        b"-",
    ):
        assert refused(base + bad).line == 2


def test_time_servers():
    good = text.read(b"set time servers ntp.example.net,192.0.2.1,ntp.example.net")
    assert good["time servers"] == ("ntp.example.net", "192.0.2.1")
    for bad in (b"", b"a,,b", b"a;b", b"224.0.0.1", b"1.2.3", b"a,b,c,d,e", b"$(reboot)"):
        refused(b"set time servers " + bad)


def test_wan_must_not_overlap_lan():
    assert "overlaps" in refused(b"set wan address 192.168.77.9/16").text


def test_keep_alive_cap_below_interval_is_refused():
    refused(b"set delivery keep-alive 60\nset delivery keep-alive-cap 30")


def test_set_twice_names_both_lines():
    error = refused(b"set log level info\n\nset log level info")
    assert error.line == 3 and "line 1" in error.text


def test_unknown_paths_name_what_may_follow():
    assert "infected" in refused(b"set screening action spam pass").text
    assert "keep-alive" in refused(b"set delivery x 1").text
    assert "screening" in refused(b"set x").text
    assert refused(b"delete lan address").line == 1
    assert refused(b"set").line == 1


def test_line_and_file_limits():
    ok = b"#" * text.LINE_OCTETS
    assert text.read(ok) == {}
    assert refused(ok + b"#").line == 1
    whole = (b"#" * 511 + b"\n") * (text.FILE_OCTETS // 512)
    assert text.read(whole) == {}
    assert refused(whole + b"\n").line == 0


def test_error_text_is_bounded():
    assert len(refused(b"set log level " + b"x" * 400).text) < 200
    assert len(refused(b"x" * 500).text) < 200


def test_actions_are_codes():
    settings = Settings(text.read(b"set screening action infected block"))
    assert settings.action(verdicts.INFECTED) == verdicts.BLOCK
    assert settings.action(verdicts.CLEAN) == verdicts.PASS
    for verdict in range(1, len(verdicts.NAMES)):
        assert Settings().action(verdict) == verdicts.DEFAULT_ACTIONS[verdict]


def test_nothing_offers_an_action_for_clean():
    refused(b"set screening action clean block")


def test_unknown_path_is_an_error_of_the_caller():
    try:
        Settings().get("no such")
    except KeyError:
        return
    raise AssertionError("no KeyError")


def test_groups_have_names_values_and_defaults():
    settings = Settings(
        text.read(
            b"set group b servers h\nset group a servers 192.0.2.1:1110\nset group a interval 60"
        )
    )
    assert settings.groups() == ["a", "b"]
    assert settings.get("group a interval") == 60 and settings.get("group b interval") == 300
    assert settings.get("group a servers") == (("192.0.2.1", 1110),)
    assert settings.get("group b users") is None
    assert Settings().groups() == []
    assert settings.write() == (
        "set group a servers 192.0.2.1:1110\nset group a interval 60\nset group b servers h\n"
    )


def test_a_group_that_is_not_set_is_an_error_of_the_caller():
    settings = Settings(text.read(b"set group a servers h"))
    for path in ("group b interval", "group a no", "group a", "group A interval", "group"):
        try:
            settings.get(path)
        except KeyError:
            continue
        raise AssertionError(path)


def test_defaults_of_groups_are_canonical():
    for setting in tree.GROUP_SETTINGS:
        assert setting.help
        if setting.default is not None:
            assert setting.kind.read(setting.kind.write(setting.default)) == setting.default


def test_wrong_groups_say_what_may_follow():
    assert "group" in refused(b"set x").text.split("allowed: ")[1].split()
    for line in (b"set group", b"set group A interval 60", b"set group a- interval 60"):
        assert "after 'set group' allowed: NAME (1 to 63" in refused(line).text, line
    error = refused(b"set group a hosts h").text
    assert "after 'set group a' allowed: servers rule" in error and "replayable-only" in error
    assert "set group a servers HOST" in refused(b"set group a interval 60").text
    assert "from 60 to 86400 (seconds)" in refused(b"set group a interval 59").text


def test_ranges_of_groups():
    for name, good, bad in (
        ("interval", (60, 86400), (59, 86401)),
        ("freshness", (0, 86400), (86401,)),
        ("offline-grace", (0, 720), (721,)),
        ("listing-age", (0, 3600), (3601,)),
        ("retention", (0, 365), (366,)),
        ("quota", (1, 1048576), (0, 1048577)),
        ("login-interval", (0, 3600), (3601,)),
    ):
        for value in good:
            text.read(b"set group a servers h\nset group a %s %d" % (name.encode(), value))
        for value in bad:
            refused(b"set group a servers h\nset group a %s %d" % (name.encode(), value))


def test_replayable_only_must_be_confirmed_and_says_why():
    base = b"set group a servers h\nset group a replayable-only "
    assert "clear text" in refused(base + b"yes").text
    assert text.read(base + b"confirmed")["group a replayable-only"] == "confirmed"


def servers(words):
    return text.read(b"set group a servers " + words)["group a servers"]


def test_servers():
    assert servers(b"pop.example.org,192.0.2.1:1110,192.0.2.0/24,pop.example.org") == (
        ("pop.example.org", 0),
        ("192.0.2.1", 1110),
        ("192.0.2.0/24", 0),
    )
    assert servers(b"x,x:110") == (("x", 0), ("x", 110))
    for bad in (
        b"",
        b",",
        b"h,",
        b"h:",
        b"h:0",
        b"h:65536",
        b"h:110:110",
        b"Pop.example",
        b"pop..example",
        b"pop.example.",
        b"-h",
        b"192.0.2.1/24",
        b"192.0.2.0/7",
        b"192.0.2.0/33",
        b"192.0.2.0/",
        b"192.0.2",
        b"192.0.2.256",
        b"127.0.0.1.1",
        b"224.0.0.1",
        b"h/24",
        b"a." * 127 + b"com",
        b",".join(b"h%d" % n for n in range(17)),
    ):
        refused(b"set group a servers " + bad)
    assert len(servers(b",".join(b"h%d" % n for n in range(16)))) == 16


def test_two_groups_cannot_have_the_same_place():
    base = b"set group a servers h,192.0.2.0/24:995\nset group b servers "
    assert "h:110 belongs to group 'a'" in refused(base + b"x,h").text
    assert refused(base + b"h:110").line == 2
    assert "192.0.2.0/24:995 belongs" in refused(base + b"192.0.2.0/24:995").text
    assert text.read(base + b"h:995,192.0.2.0/24,192.0.2.0/25:995,192.0.2.1:995")
    ports = b"\nset interception ports 110,1100"
    refused(base + b"h:1100" + ports)
    assert text.read(base + b"h:1100")


def test_number_of_groups():
    lines = [b"set group g%d servers h%d\n" % (n, n) for n in range(tree.GROUPS + 1)]
    assert len(Settings(text.read(b"".join(lines[:-1]))).groups()) == tree.GROUPS
    assert "32" in refused(b"".join(lines)).text


def users(words):
    return text.read(b"set group a servers h\nset group a users " + words)["group a users"]


def test_users_are_octets():
    assert users(b"anna,*@example.org,a*b*c") == (
        (b"anna",),
        (b"", b"@example.org"),
        (b"a", b"b", b"c"),
    )
    assert users(b"a%20b%2C%2a".replace(b"2a", b"2A") + b"%00%FF") == ((b"a b,*\0\xff",),)
    assert users(b"Anna,anna,Anna") == ((b"Anna",), (b"anna",))
    for bad in (b"", b",", b"a,", b"%", b"a%2", b"%2a", b"%GG", b"a b", b"%%25"):
        refused(b"set group a servers h\nset group a users " + bad)
    many = [b"u%d" % n for n in range(101)]
    refused(b"set group a servers h\nset group a users " + b",".join(many))
    assert len(users(b",".join(many[:100]))) == 100


def test_users_are_written_as_they_are_read():
    for words in (b"anna", b"*", b"a*b*", b"%23%25%2A%2C%20%FF%00", b"a@b.example"):
        line = b"set group a users " + words + b"\n"
        assert line in text.write(text.read(b"set group a servers h\n" + line)).encode()
