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
