"""The door of the console: passwords, delays, logins that end; its file.  Also on MicroPython.

Argon2 itself is checked in on_box/worker.py; here a hash is a few
octets that depend on password and salt.  The clock is the test's.
"""

from restante import log
from restante.compat import crc32
from restante.control import door, users
from restante.control.door import Door
from restante.control.passwords import Delay, weakness
from restante.control.users import Users
from restante.errors import StoreError
from restante.log.alarms import Alarms

GOOD = "correct horse"
OTHER = "staple battery"


def run(coroutine):
    """These coroutines wait for nothing: one step ends them."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waited")


class Disk:
    """A folder and what runs off the loop for it."""

    def __init__(self, files=None):
        self.files = files if files is not None else {}
        self.broken = None  # error number of each write
        self.synced = []

    def open(self, name):
        if name not in self.files:
            raise OSError(2)
        return name

    def create(self, name):
        if self.broken:
            raise OSError(self.broken)
        if name in self.files:
            raise OSError(17)
        self.files[name] = b""
        return name

    def unlink(self, name):
        del self.files[name]

    def close(self, fd):
        pass

    def read(self, fd, data, offset):
        octets = self.files[fd][: len(data)]
        data[: len(octets)] = octets
        return len(octets)

    def write(self, fd, data, start, end):
        self.files[fd] += bytes(data[start:end])

    async def fsync(self, fd):
        self.synced.append(fd)

    async def rename(self, old, new):
        assert old in self.synced, "not durable before it counts"
        self.files[new] = self.files.pop(old)

    async def fsync_folder(self, name):
        self.synced.append("")


class Stand:
    """A door, its users on a disk, a clock, and what was recorded."""

    def __init__(self, files=None):
        self.disk = Disk(files)
        self.now = 1000
        self.records = []
        self.resets = 0
        self.hashes = 0
        self.lacks = None  # error number of hashing
        self.alarms = Alarms()
        self._count = 0
        self.users = Users(self.disk, self.disk)
        run(self.users.start())
        self.door = Door(
            self.users, self.hashed, self.random, self.same, self.up, self, self.reset
        )
        self.door._logins.idle_s = 600

    ERROR, WARNING, INFO = log.ERROR, log.WARNING, log.INFO

    def record(self, level, event, **fields):
        self.records.append((event, fields))

    def up(self):
        return self.now

    def reset(self):
        self.resets += 1

    def same(self, a, b):
        return a == b

    def random(self, n):
        self._count += 1
        return bytes([self._count] * n)

    async def hashed(self, password, salt):
        self.hashes += 1
        if self.lacks:
            raise OSError(self.lacks)
        data = password.encode() + bytes(salt)
        return b"%08x" % (crc32(data, 0, len(data), 0) & 0xFFFFFFFF) * 4

    def say(self, line, key=""):
        return run(self.door.answer(key, line.encode()))

    def enter(self, user="admin", password=GOOD):
        """The key of a login."""
        ok, text, lines = self.say("login %s %s" % (user, password))
        assert ok and text == user, (text, lines)
        return lines[0]

    def events(self):
        return [event for event, _ in self.records]


def ready(files=None):
    """A box whose first password is set; the key of that login."""
    stand = Stand(files)
    ok, _, lines = stand.say("first admin " + GOOD)
    assert ok
    return stand, lines[0]


# -- the first password


def test_there_is_no_default_password_and_the_first_login_sets_it():
    stand = Stand()
    assert stand.say("state") == (True, door.FIRST, [])
    for password in ("", "admin", "password", GOOD):
        assert not stand.say("login admin " + password)[0]
    assert stand.hashes == 0
    ok, user, lines = stand.say("first admin " + GOOD)
    assert ok and user == "admin" and stand.door.holder(lines[0]).user == "admin"
    assert stand.say("state") == (True, door.PASSWORD, [])
    assert stand.say("first admin another password") == (False, "a password is set already", [])
    stand.enter()


def test_the_first_user_is_admin():
    stand = Stand()
    assert stand.say("first bob " + GOOD) == (False, "the first user is admin", [])
    assert stand.say("state")[1] == door.FIRST


def test_weak_passwords_are_refused_with_the_reason():
    for password, word in (
        ("a1b2c3d4e", "at least 10"),
        ("x1y2" * 32 + "z", "at most 128"),
        ("aaaaaaaaaaaa", "four different"),
        ("xx-admin-xx", "user's name"),
        (" 1234567890", "blank"),
        ("1234567890 ", "blank"),
        ("12345\x01678901", "printable"),
        ("12345\u00e9678901", "printable"),
    ):
        assert word in weakness("admin", password), password
        stand = Stand()
        ok, text, _ = stand.say("first admin " + password)
        assert not ok and word in text and stand.say("state")[1] == door.FIRST
    assert weakness("admin", "a1b2c3d4e5") is None
    assert weakness("admin", "x1y2" * 32) is None


def test_a_password_may_have_blanks_and_every_printable_character():
    every = "".join([chr(code) for code in range(33, 127)]) + " " + "end"
    stand = Stand()
    assert stand.say("first admin " + every)[0]
    stand.enter("admin", every)
    assert not stand.say("login admin " + every.replace(" ", "  "))[0]


# -- wrong passwords


def test_delay_grows_to_its_bound_and_a_right_one_ends_it():
    delay = Delay()
    left = []
    for _ in range(12):
        delay.failed(50)
        left.append(delay.left(50))
    assert left == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert (delay.left(109), delay.left(110), delay.left(10**9)) == (1, 0, 0)
    for _ in range(1000):
        delay.failed(50)
    assert delay.left(50) == 60
    assert delay.passed() == 1012 and delay.left(50) == 0


def test_ten_wrong_ones_in_a_row_raise_an_alarm_and_leave_one_record_each():
    stand, _ = ready()
    del stand.records[:]
    waits = []
    for n in range(10):
        ok, text, lines = stand.say("login admin wrong password %d" % n)
        assert (ok, text) == (False, door.WRONG)
        waits += lines or [""]
        stand.now += 60
    assert waits == [""] * 2 + ["wait %d s" % n for n in (1, 2, 4, 8, 16, 32, 60, 60)]
    refused = [fields for event, fields in stand.records if event == "console.refused"]
    assert [fields["in_a_row"] for fields in refused] == list(range(1, 11))
    assert stand.events() == ["console.refused"] * 10
    (alarm,) = stand.alarms.active()
    assert "10 wrong passwords in a row" in str(alarm)
    ok, _, lines = stand.say("login admin " + GOOD)
    assert ok and lines[1:] == ["10 wrong passwords before this one"]
    assert stand.say("login admin wrong password") == (False, door.WRONG, [])


def test_within_the_delay_nothing_is_checked_not_even_the_right_one():
    stand, _ = ready()
    for _ in range(4):
        stand.say("login admin wrong password")
        stand.now += 60
    stand.say("login admin wrong password")
    hashes = stand.hashes
    assert stand.say("login admin " + GOOD) == (False, "wait 4 s", ["there were wrong passwords"])
    stand.now += 3
    assert stand.say("login admin " + GOOD)[1] == "wait 1 s" and stand.hashes == hashes
    stand.now += 1
    stand.enter()


def test_unknown_users_cost_the_same_and_are_not_named():
    stand, _ = ready()
    del stand.records[:]
    hashes = stand.hashes
    secret = "typed-as-the-name"
    for user in (secret, "x" * 300, ""):
        assert stand.say("login %s some password" % user)[:2] == (False, door.WRONG)
        stand.now += 60
    assert stand.hashes == hashes + 3
    assert {fields["user"] for _, fields in stand.records} == {"unknown"}
    assert secret not in str(stand.records)


def test_no_password_is_in_a_record_or_in_an_answer():
    stand, key = ready()
    answers = [
        stand.say("login admin wrong-S3CRET-one"),
        stand.say("first admin S3CRET-first-one"),
        stand.say("add bob S3CRET-of-bob", key),
        stand.say("password bob S3CRET", key),
        stand.say("add bob S3CRET-again", key),
        stand.say("login bob S3CRET-of-bob"),
        stand.say("nonsense S3CRET", key),
        stand.say("add  S3CRET-no-name", key),
    ]
    assert "S3CRET" not in str(answers) + str(stand.records) + str(stand.disk.files)


def test_one_password_at_a_time():
    stand, _ = ready()

    class Slow:
        def __await__(self):
            yield
            return b"\0" * 32

        __iter__ = __await__

    async def slow(password, salt):
        return await Slow()

    stand.door._hashed = slow
    first = stand.door.answer("", b"login admin one two three")
    first.send(None)
    assert stand.say("login admin " + GOOD) == (False, door.BUSY, [])
    try:
        first.send(None)
    except StopIteration as end:
        assert end.value[1] == door.WRONG
    stand.door._hashed = stand.hashed
    stand.enter()


def test_who_is_cut_off_while_it_is_checked_has_tried():
    stand, _ = ready()
    stand.lacks = 12
    for _ in range(4):
        assert stand.say("login admin " + GOOD)[1].startswith("not now")
        stand.now += 60
    stand.lacks = None
    ok, _, lines = stand.say("login admin " + GOOD)
    assert ok and lines[1] == "4 wrong passwords before this one"


# -- logins


def test_a_key_opens_nothing_before_and_after_its_login():
    stand, key = ready()
    for other in ("", "0" * 32, key[:-1], key + "0"):
        assert stand.door.holder(other) is None
    assert stand.door.holder(key).may("commit")
    assert stand.say("logout", key) == (True, "logged out", [])
    assert stand.door.holder(key) is None
    assert stand.say("left", key)[1] == door.DENIED
    assert stand.records[-1] == ("console.logout", {"user": "admin", "why": "logout"})


def test_auto_logout_counts_from_the_last_command():
    stand, key = ready()
    stand.now += 599
    assert stand.say("left", key) == (True, "1", [])  # which is no command
    assert stand.door.holder(key)
    stand.now += 599
    assert stand.door.holder(key)
    stand.now += 600
    assert stand.door.holder(key) is None
    assert stand.records[-1][1]["why"] == "auto-logout"


def test_who_only_watches_is_logged_out_all_the_same():
    stand, key = ready()
    stand.now += 599
    assert stand.door.holder(key, used=False)
    stand.now += 1
    assert stand.door.holder(key, used=False) is None


def test_auto_logout_of_zero_is_never():
    stand, key = ready()
    stand.door._logins.idle_s = 0
    stand.now += 10**8
    assert stand.say("left", key) == (True, "never", []) and stand.door.holder(key)


def test_the_login_used_least_makes_room():
    stand, first = ready()
    keys = []
    for _ in range(4):
        stand.now += 1
        keys.append(stand.enter())
    assert stand.door.holder(first) is None
    assert all([stand.door.holder(key) for key in keys])


# -- users


def test_users_are_added_changed_and_deleted():
    stand, key = ready()
    assert stand.say("add bob " + OTHER, key)[0]
    bob = stand.enter("bob", OTHER)
    assert stand.door.names() == ["admin", "bob"]
    assert stand.say("password bob another password", key)[0]
    assert stand.door.holder(bob) is None and stand.door.holder(key)
    assert not stand.say("login bob " + OTHER)[0]
    bob = stand.enter("bob", "another password")
    assert run(stand.door.delete("bob", "admin"))[0]
    assert stand.door.holder(bob) is None
    assert not stand.say("login bob another password")[0]
    assert run(stand.door.delete("admin", "admin"))[1] == "the last user cannot be deleted"
    assert run(stand.door.delete("nobody", "admin"))[1] == "no user is called so"


def test_who_changes_ones_own_password_stays():
    stand, key = ready()
    other = stand.enter()
    assert stand.say("password admin " + OTHER, key)[0]
    assert stand.door.holder(key) and stand.door.holder(other) is None


def test_names_and_how_many():
    stand, key = ready()
    for name in ("", "Bob", "1bob", "-b", "b_b", "b" * 17, "repair", "b.b"):
        assert not stand.say("add %s %s" % (name, OTHER), key)[0], name
    assert stand.say("add admin " + OTHER, key)[1] == "there is a user 'admin' already"
    for n in range(15):
        assert stand.say("add u%d %s" % (n, OTHER), key)[0]
    assert stand.say("add more " + OTHER, key)[1] == "there are 16 users already"
    assert len(stand.disk.files[users.FILE]) <= users.FILE_OCTETS


def test_without_a_login_no_user_changes():
    stand, _ = ready()
    for word in ("add bob", "password admin"):
        assert stand.say("%s %s" % (word, OTHER))[1] == door.DENIED
    assert stand.door.names() == ["admin"]


# -- the file


def test_users_outlive_a_restart():
    stand, _ = ready()
    again = Stand(stand.disk.files)
    assert again.say("state")[1] == door.PASSWORD
    again.enter()


def test_a_file_that_differs_in_one_octet_lets_nobody_in():
    stand, _ = ready()
    whole = stand.disk.files[users.FILE]
    assert users.read(whole) == {"admin": stand.users.entry("admin")}
    for at in range(len(whole)):
        for damaged in (
            whole[:at],
            whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :],
            whole[:at] + b"x" + whole[at:],
        ):
            try:
                users.read(damaged)
            except ValueError:
                continue
            raise AssertionError(damaged)
    again = Stand({users.FILE: whole[:-3]})
    ok, text, lines = again.say("state")
    assert (ok, text) == (True, door.REPAIR) and "damaged" in lines[0]
    for line in ("login admin " + GOOD, "first admin " + GOOD):
        assert "not known" in again.say(line)[1]


def test_what_cannot_be_written_changes_nothing():
    stand, key = ready()
    stand.disk.broken = 28
    assert stand.say("password admin " + OTHER, key)[1].startswith("not now")
    stand.disk.broken = None
    stand.enter()
    stand.disk.broken = 30
    try:
        run(stand.users.set("bob", bytes(16), bytes(32)))
    except StoreError as error:
        assert "error 30" in str(error)
    assert stand.door.names() == ["admin"]


def test_a_data_partition_that_keeps_nothing_allows_repair_only():
    stand = Stand()
    stand.disk.files.clear()
    stand.disk.broken = 30
    stand.users.why = "they were not read yet"
    assert stand.say("state") == (True, door.REPAIR, ["the users cannot be written: error 30"])
    assert not stand.say("first admin " + GOOD)[0]
    ok, user, lines = stand.say("repair")
    login = stand.door.holder(lines[0])
    assert ok and login.may("show status") and login.may("factory-reset")
    for command in ("show configuration", "set", "commit", "quarantine list", "update begin"):
        assert not login.may(command), command
    assert stand.say("add bob " + OTHER, lines[0])[0] is False
    assert "console.repair" in stand.events()
    stand.disk.broken = None
    assert stand.say("state") == (True, door.FIRST, [])  # it is there again
    assert not stand.say("repair")[0]


def test_repair_is_for_nobody_while_the_users_are_known():
    stand, _ = ready()
    assert stand.say("repair") == (False, "no such word", [])


def test_who_lost_the_password_can_only_forget_everything():
    stand, _ = ready()
    assert not stand.say("factory-reset x")[0] and stand.resets == 0
    assert stand.say("factory-reset")[0] and stand.resets == 1
    assert stand.records[-1] == ("factory-reset.requested", {"who": "login prompt"})
