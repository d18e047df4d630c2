"""Settings: ?, Tab, JSON, the candidate, commit and what comes back.  Also on MicroPython."""

from restante.control import completing, grammar
from restante.control.configuring import Configuring, seconds_of
from restante.errors import SettingsError, StoreError
from restante.settings import asking, exchange, found, kept, reference, text, tree
from restante.settings.candidate import Candidate
from restante.settings.compare import differences
from restante.settings.running import Running
from restante.settings.values import Settings

OFFICE = text.read(
    b"set log level debug\n"
    b"set interception ports 110,1100\n"
    b"set group acme servers pop.example,192.0.2.0/24:1110\n"
    b"set group acme users an%23na*,b%2Cob\n"
    b"set profile strict action encrypted quarantine\n"
    b'set account "*@x @ acme" profile strict\n'
)


def refused(work, *arguments):
    try:
        work(*arguments)
    except SettingsError as error:
        return error.text
    raise AssertionError("accepted: %r" % (arguments,))


def words(rows):
    return [row[0] for row in rows]


# -- ? and Tab


def test_every_setting_can_be_reached_by_help_alone():
    reached = set()

    def walk(path):
        rows = asking.help(path, OFFICE)
        assert rows, path
        if asking.VALUE in words(rows):
            reached.add(" ".join(path))
            return
        for word, help in rows:
            assert help, (path, word)
            if word not in asking.PLACEHOLDERS:
                walk(path + ["".join(word.strip('"').split())])

    walk([])
    wanted = {setting.path for setting in tree.SETTINGS}
    wanted |= {"group acme " + setting.path for setting in tree.GROUP_SETTINGS}
    wanted |= {
        "profile strict " + path[len(tree.SCREENING) :]
        for path in tree.defaults()
        if path.startswith(tree.SCREENING)
    }
    assert reached == wanted | {"account *@x@acme profile"}


def test_help_of_a_value_says_what_is_allowed():
    rows = asking.help(["interception", "fail"])
    assert words(rows) == ["block", "direct", "VALUE"]
    assert rows[0][1] == "the default"
    assert rows[2][1] == "block or direct; default block; needs a restart"
    assert "a number from 600 to 86400 (seconds); default 1800" in str(
        asking.help(["sessions", "idle-timeout"])
    )


def test_help_where_nothing_may_follow():
    assert asking.help(["log", "level", "debug"]) == []
    assert asking.help(["thing"]) == []
    assert asking.help(["group", "-"]) == []


def test_completion():
    assert asking.complete(["interception"], "f") == ["fail"]
    assert asking.complete(["group"], "", OFFICE) == ["acme"]
    assert asking.complete(["group"], "") == []
    assert asking.complete(["group", "new-one"], "off") == ["offline-grace"]
    assert asking.complete(["log", "level"], "d") == ["debug"]
    assert asking.complete(["group", "acme", "profile"], "s", OFFICE) == ["strict"]


def test_delete_offers_what_is_set():
    assert words(asking.below([], OFFICE)) == [
        "interception",
        "log",
        "group",
        "profile",
        "account",
    ]
    assert words(asking.below(["group", "acme"], OFFICE)) == ["servers", "users"]


def test_commands_are_completed_as_settings_are():
    assert words(completing.following(b"conf", {})) == ["configure"]
    assert "configuration" in words(completing.following(b"show ", {}))
    assert words(completing.following(b"set log le", {})) == ["level"]
    assert words(completing.following(b"set log level ", {}))[:1] == ["error"]
    assert words(completing.following(b"delete ", {"log level": "x"})) == ["log"]
    assert words(completing.following(b"show account ", {})) == ["NAME"]
    assert completing.following(b'set account "an', {}) == []
    assert completing.following(b"no such thing ", {}) == []
    for command, _, help in grammar.COMMANDS:
        if help:
            assert command.split()[-1] in words(completing.following(command.encode(), {}))


def test_each_branch_is_described_and_no_other():
    branches = {"group", "profile", "account"}
    for setting in tree.SETTINGS:
        parts = setting.path.split(" ")
        branches |= {" ".join(parts[:n]) for n in range(1, len(parts))}
    assert branches == set(tree.BRANCHES)


def test_the_page_has_each_setting():
    page = reference.page()
    for setting in tree.SETTINGS + tree.GROUP_SETTINGS:
        (row,) = [r for r in page.split("\n") if r.startswith("| `%s` |" % setting.path)]
        assert row.endswith("| yes |" if setting.restart else "|  |")
        assert setting.help.replace("*", "\\*") in row


# -- JSON


def test_json():
    whole = exchange.write(OFFICE)
    assert '"interception ports": ["110", "1100"]' in whole
    assert exchange.read(whole) == OFFICE
    assert exchange.read(exchange.write({})) == {}
    assert exchange.read(exchange.write({"sessions maximum": 7})) == {"sessions maximum": 7}


def test_json_that_is_wrong_names_the_path():
    def read(body):
        return refused(exchange.read, '{"format": 1, "settings": %s}' % body)

    assert "'sessions maximum' cannot be '7'" in read('{"sessions maximum": "7"}')
    assert "from 1 to 500" in read('{"sessions maximum": 501}')
    assert "from 1 to 500" in read('{"sessions maximum": true}')
    assert "no setting 'thing'" in read('{"thing": 1}')
    assert "TCP ports" in read('{"interception ports": "110"}')
    assert "TCP ports" in read('{"interception ports": ["110,111"]}')
    assert "patterns" in read('{"screening forbid name": ["a#b"]}')
    assert "patterns" in read(
        '{"screening forbid name": ["%s"]}'
        % '","'.join(["%03d" % n + "x" * 97 for n in range(60)])
    )
    assert "needs a value" in read('{"wan mode": "static"}')
    assert "format" in refused(exchange.read, "{}")
    assert "format" in refused(exchange.read, '{"format": 2, "settings": {}}')
    assert "nothing else" in refused(exchange.read, '{"format": 1, "settings": {}, "x": 1}')
    assert "no JSON" in refused(exchange.read, "set x")


# -- the candidate


def test_a_line_is_checked_by_itself_and_the_whole_at_the_end():
    candidate = Candidate(OFFICE)
    assert candidate.set(b"set wan mode static") == "wan mode"
    assert "needs a value for 'wan address'" in refused(candidate.check)
    candidate.set(b"set wan address 192.0.2.7/24")
    candidate.set(b"set wan gateway 192.0.2.1")
    candidate.check()
    why = refused(candidate.set, b"set sessions maximum 501")
    assert "'sessions maximum' cannot be '501'; allowed: a number from 1 to 500" in why
    assert "allowed: maximum idle-timeout" in refused(candidate.set, b"set sessions most 1")
    assert differences(OFFICE, candidate.values) == [
        "+ set wan mode static",
        "+ set wan address 192.0.2.7/24",
        "+ set wan gateway 192.0.2.1",
    ]


def test_deleting_one_and_all_below():
    candidate = Candidate(OFFICE)
    assert candidate.delete(b"delete log level") == 1
    assert candidate.delete(b'delete account "*@x @ acme"') == 1
    assert candidate.delete(b"delete group acme") == 2
    assert candidate.delete(b"delete profile") == 1
    assert candidate.values == {"interception ports": (110, 1100)}
    assert "nothing to delete" in refused(candidate.delete, b"delete log")
    assert "nothing to delete" in refused(candidate.delete, b"delete interception por")
    assert "delete PATH" in refused(candidate.delete, b"delete")
    assert OFFICE["log level"] == "debug"


def test_a_candidate_is_bounded():
    candidate = Candidate(dict(("x%d" % n, 1) for n in range(4000)))
    assert "the most there can be" in refused(candidate.set, b"set log level debug")


def test_differences_of_a_changed_value():
    assert differences({"log level": "info"}, {"log level": "debug"}) == [
        "- set log level info",
        "+ set log level debug",
    ]


# -- files


def test_a_file_of_the_box_is_whole_or_refused():
    data = kept.framed(kept.Entry(7, 1700000000, "console"), text.write(OFFICE).encode())
    entry, values = kept.opened(data)
    assert (entry.number, entry.time, entry.who, values) == (7, 1700000000, "console", OFFICE)
    for end in range(1, len(data)):
        if end > len("# configuration "):
            assert "not as it was written" in refused(kept.opened, data[:end])
    for at in range(len("# configuration "), len(data)):
        for mask in (1, 0x80):
            assert refused(kept.opened, data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :])
    assert kept.opened(data[data.find(b"\n") + 1 :]) == (None, OFFICE)


class Disk:
    def __init__(self, files):
        self.files = files

    def read(self, name):
        if name not in self.files:
            raise OSError(2)
        return self.files[name]

    def listed(self, name):
        out = [n[len(name) + 1 :] for n in self.files if n.startswith(name + "/")]
        if not out:
            raise OSError(2)
        return out

    def start(self):
        values, error, entry = found.newest(self.read, self.listed)
        return Settings(values, error=error, entry=entry)


def numbered(n, level):
    return kept.framed(kept.Entry(n, 0, "console"), b"set log level %s\n" % level)


def test_never_without_a_policy():
    assert Disk({}).start().refusal == "" == Disk({"settings": b""}).start().refusal
    by_hand = {"settings": b"# nothing\n", "configurations/7": numbered(7, b"error")}
    assert Disk(by_hand).start().refusal == "" and Disk(by_hand).start().explicit == {}
    good, old = numbered(8, b"debug"), numbered(7, b"error")
    for current in (b"", b"# conf", good[:-3], good.replace(b"debug", b"error"), b"junk\n", None):
        files = {"configurations/7": old, "configurations/8": good, "configurations/9": b"#x\n?"}
        if current is not None:
            files["settings"] = current
        start = Disk(files).start()
        assert start.get("log level") == "debug" and start.entry.number == 8
        assert start.refusal.startswith("configuration 8 in use; ")
        files["configurations/8"] = good[:-1]
        assert Disk(files).start().get("log level") == "error"
    start = Disk({"settings": b"set x\n", "configurations/1": b"set x\n"}).start()
    assert start.explicit == {} and start.refusal.startswith("DEFAULTS in use; line 1")


def of_another_firmware(n, body):
    return kept.framed(kept.Entry(n, 0, "console"), body)


def test_what_another_firmware_set_does_not_stop_this_one():
    """Firmware may be gone back from: what the newer one wrote is read by the older one."""
    body = (
        b"set log level debug\n"
        b"set later password planted-S3CRET\n"
        b"set screening mode brand-new\n"
        b"set group acme later on\n"
        b"set profile strict later on\n"
        b"set interception ports 110,1100\n"
        b"append something\n"
    )
    start = Disk({"settings": of_another_firmware(8, body)}).start()
    assert start.refusal == "" and start.entry.number == 8
    assert start.get("log level") == "debug" and start.get("interception ports") == (110, 1100)
    assert start.get("screening mode") == "enabled"
    assert start.entry.passed == [
        "set later password",
        "set screening mode",
        "set group acme later",
        "set profile strict later",
        "append",
    ]
    assert "S3CRET" not in str(start.entry.passed)
    assert Disk({"settings": numbered(8, b"debug")}).start().entry.passed == []
    # A hand's mistake is a mistake, and so is what is no longer as the box wrote it.
    for data in (body, of_another_firmware(8, body).replace(b"later", b"latez")):
        assert Disk({"settings": data}).start().refusal
    # What does not fit together without those lines is not in force.
    apart = of_another_firmware(8, b'set account "*@x @ acme" profile strict\n')
    before = {"configurations/7": numbered(7, b"error"), "settings": apart}
    start = Disk(before).start()
    assert start.get("log level") == "error" and start.refusal.startswith("configuration 7")


# -- commit


class Kept:
    def __init__(self):
        self.rows = []
        self.fails = False
        self.current = None

    async def commit(self, values, before, time, who):
        if self.fails:
            raise StoreError("no room")
        self.current = kept.Entry(len(self.rows) + 1, time, who)
        self.rows.insert(0, (self.current, values))

    def entries(self):
        return [entry for entry, _ in self.rows]

    def values(self, entry):
        return dict(self.rows)[entry]


class Box:
    def __init__(self):
        self.now = 100
        self.applied = []
        self.told = []
        self.kept = Kept()
        self.refuses = ""
        self.running = Running(
            {}, self.kept, self.prepare, lambda: 1700000000, lambda: self.now, self.record
        )
        self.configuring = Configuring(self.running, lambda: self.now)

    def prepare(self, values):
        if self.refuses:
            raise SettingsError(0, self.refuses)

        def apply():
            self.applied.append(values)
            return [path for path in ("lan address",) if path in values]

        return apply

    def record(self, event, **fields):
        self.told.append(event)

    def commit(self, who="a"):
        try:
            self.configuring.commit(who).send(None)
        except StopIteration as end:
            return end.value
        raise AssertionError("it waited")

    def set(self, line, who="a"):
        ok, why, _ = self.configuring.set(who, line)
        assert ok, why


def editing(*lines):
    box = Box()
    assert box.configuring.configure("a")[0]
    for line in lines:
        box.set(line)
    return box


def test_nothing_counts_before_commit():
    box = editing(b"set log level debug")
    assert box.applied == [] and box.running.values == {}
    assert box.configuring.compare("a")[2] == ["+ set log level debug"]
    assert box.commit() == (True, "in force and durable", [])
    assert box.applied == [{"log level": "debug"}] == [box.running.saved]
    assert box.configuring.compare("a")[2] == []
    assert box.commit() == (True, "nothing has changed", [])
    assert box.configuring.show()[2] == ["set log level debug"]
    assert box.configuring.show("json")[2][3] == '    "log level": "debug"'
    assert box.told == ["configuration.commit"]


def test_what_needs_a_restart_is_said():
    box = editing(b"set lan address 10.0.0.1/24")
    assert box.commit()[2] == ["restart needed: lan address"]
    assert "restart needed: lan address" in box.configuring.show()[1]


def test_what_does_not_fit_or_cannot_be_applied_changes_nothing():
    box = editing(b"set wan mode static")
    ok, why, lines = box.commit()
    assert (
        not ok and "needs a value for 'wan address'" in why and "nothing has changed" in lines[0]
    )
    box.configuring.discard("a")
    box.set(b"set log level debug")
    box.refuses = "the rules cannot be used"
    assert box.commit()[:2] == (False, "the rules cannot be used")
    assert not box.configuring.try_out("a", 60)[0]
    box.refuses = ""
    box.kept.fails = True
    try:
        box.commit()
        raise AssertionError("committed")
    except StoreError:
        pass
    assert box.applied == [] and box.running.values == {} and box.kept.rows == []


def test_what_nobody_confirms_goes_back():
    box = editing(b"set log level debug")
    assert box.configuring.try_out("a", 300)[0]
    assert box.running.values == {"log level": "debug"} and box.kept.rows == []
    assert "NOT CONFIRMED, goes back in 300 s" in box.configuring.show()[1]
    assert not box.configuring.save()[0]
    box.now += 299
    box.running.tick(0)
    assert len(box.applied) == 1
    box.now += 1
    box.running.tick(0)
    assert box.applied[1] == {} == box.running.values and box.running.until is None
    assert box.told == ["configuration.try", "configuration.rolled-back"]
    box.running.tick(0)
    assert len(box.applied) == 2 and box.configuring.save()[0]


def test_a_further_commit_confirms():
    box = editing(b"set log level debug")
    box.configuring.try_out("a", 300)
    assert box.commit() == (True, "in force and durable, confirmed", [])
    box.now += 1000
    box.running.tick(0)
    assert box.running.values == box.running.saved == {"log level": "debug"}
    assert len(box.kept.rows) == 1


def test_who_comes_later_may_confirm_without_a_candidate():
    box = editing(b"set log level debug")
    box.configuring.try_out("a", 300)
    assert box.configuring.leave("a")[0]
    assert box.commit("b")[:2] == (True, "in force and durable, confirmed")
    assert box.commit("b")[0] is False


def test_a_confirmation_that_cannot_be_written_still_goes_back():
    box = editing(b"set log level debug")
    box.configuring.try_out("a", 300)
    box.kept.fails = True
    try:
        box.commit()
        raise AssertionError("committed")
    except StoreError:
        pass
    box.now += 300
    box.running.tick(0)
    assert box.running.values == {}


def test_one_candidate_at_a_time():
    box = editing(b"set log level debug")
    box.now += 61
    ok, why, lines = box.configuring.configure("b")
    assert not ok and why == "a has the candidate, idle for 0d 00:01:01"
    assert "configure force" in lines[0]
    for answer in (
        box.configuring.set("b", b"set log level error"),
        box.configuring.delete("b", b"delete log"),
        box.configuring.compare("b"),
        box.commit("b"),
        box.configuring.try_out("b", 1),
        box.configuring.rollback("b", 0),
        box.configuring.discard("b"),
    ):
        assert answer[:2] == (False, why)
    assert box.configuring.compare("a")[2] == ["+ set log level debug"]
    assert box.configuring.configure("b", "force")[0]
    assert box.configuring.compare("b")[2] == [] and not box.configuring.edits("a")
    assert box.configuring.set("a", b"set log level debug")[1].startswith("b has the candidate")


def test_leaving():
    box = editing(b"set log level debug")
    assert not box.configuring.leave("a")[0] and box.configuring.edits("a")
    assert box.configuring.discard("a")[0] and box.configuring.leave("a")[0]
    assert box.configuring.set("a", b"set log level debug")[2] == ["type: configure"]
    assert box.configuring.leave("a")[0]


def test_rollback():
    box = editing()
    for level in (b"debug", b"error", b"warning"):
        box.set(b"set log level " + level)
        box.commit()
    rows = box.configuring.history()[2]
    assert [row.split()[0] for row in rows[1:]] == ["0", "1", "2"]
    assert box.configuring.rollback("a", 2)[0]
    assert box.configuring.compare("a")[2] == ["- set log level warning", "+ set log level debug"]
    assert box.running.values == {"log level": "warning"}
    assert box.commit()[0] and box.running.values == {"log level": "debug"}
    assert not box.configuring.rollback("a", 9)[0]


def test_rollback_counts_from_what_is_in_force():
    box = editing()
    for level in (b"debug", b"error"):
        box.set(b"set log level " + level)
        box.commit()
    box.set(b"set log level warning")
    box.configuring.try_out("a", 60)
    assert box.configuring.rollback("a", 1)[0]  # what waits for no confirmation
    assert box.configuring.compare("a")[2] == ["- set log level warning", "+ set log level error"]
    box.now += 60
    box.running.tick(0)
    assert box.configuring.rollback("a", 1)[0]
    assert box.configuring.compare("a")[2] == ["- set log level error", "+ set log level debug"]
    # A file put there by hand has no number: what is kept comes after it.
    box.kept.current = None
    assert box.configuring.rollback("a", 1)[0] and box.configuring.compare("a")[2] == []
    assert [row.split()[0] for row in box.configuring.history()[2][1:]] == ["1", "2"]


def test_what_somebody_has_to_do():
    box = editing(b"set lan address 10.0.0.1/24")
    assert box.configuring.waits() == []
    box.configuring.try_out("a", 60)
    assert box.configuring.waits() == [
        ("settings", "NOT CONFIRMED: they go back in 60 s"),
        ("restart", "needed for: lan address"),
    ]


def test_times():
    assert (seconds_of("5"), seconds_of("30s"), seconds_of("1440")) == (300, 30, 86400)
    for bad in ("", "0", "s", "-1", "1441", "5m", "99999999", "1.5", "0s"):
        assert seconds_of(bad) is None
