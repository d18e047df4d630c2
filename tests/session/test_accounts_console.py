"""The account commands of the real gate, and that neither they nor the disk tell a password."""

from disguises import found_in
from served import greeted, learn, leave, mails, offer, session

SECRET = b"planted-S3CRET-of-fred"


def rows(box):
    ok, lines = box.console("show accounts")
    assert ok.startswith("+OK"), ok
    return lines


def test_accounts_are_shown_with_their_state_and_mail(accelerated):
    box, server = accelerated(mails(3))
    assert box.console("show accounts")[0] == "+OK 0 accounts"
    learn(box)
    account = [line for line in rows(box) if "fred @ isp" in line]
    assert len(account) == 1 and " ready " in account[0]
    ok, lines = box.console("show account fred @ isp")
    assert ok == "+OK account fred @ isp"
    page = dict(line.split(None, 1) for line in lines)
    assert page["state"] == "ready" and "not accelerated" not in "\n".join(lines)
    assert page["origin"] == f"127.0.0.1:{server.port}, USER"
    stored = sum(map(len, mails(3))) + 3  # in wire form: each has a dot that is stuffed
    assert page["mail"] == f"3 messages, {stored} octets cached"
    assert "never" not in "\n".join(lines) and "REFUSED" not in "\n".join(lines)
    assert box.console("show account " + page["id"])[1] == lines


def test_who_is_not_accelerated_is_shown_with_the_reason(accelerated):
    box, server = accelerated(mails(1), group=["rule listed", "users anna"])
    leave(session(box))
    row = [line for line in rows(box) if line.startswith("fred ")]
    assert len(row) == 1 and "rule" in row[0] and "set group NAME users" in row[0]


def test_an_erased_account_is_learned_anew(accelerated):
    box, server = accelerated(mails(2))
    learn(box)
    ok, lines = box.console("erase account fred @ isp")
    assert ok.startswith("-ERR") and lines[0].endswith(" yes")
    before = server.logins
    assert box.console("erase account fred @ isp yes")[0].startswith("+OK")
    assert box.console("show accounts")[0] == "+OK 0 accounts"
    assert "account.erase" in box.log() and "who=admin" in box.log()
    assert list((box.data / "maildrops").rglob("*.eml")) == []
    leave(session(box))
    assert server.logins > before
    assert box.console("show accounts")[0] == "+OK 1 accounts"


def test_nothing_tells_the_password(accelerated):
    """The right one, and one that was refused: data folder, log, console, the gate's output."""
    box, server = accelerated(mails(2), settings=["set log level debug"])
    server.password = SECRET
    learn(box, SECRET)
    wrong = greeted(box)
    assert offer(wrong, SECRET[::-1]).startswith(b"-ERR")
    leave(wrong)
    leave(session(box, SECRET))
    shown = [box.log(), *rows(box), *box.console("show account fred @ isp")[1]]
    shown += [*box.console("show sessions")[1], *box.console("show status")[1]]
    files = [p for p in box.folder.rglob("*") if p.is_file() and p.name != "device-key"]
    assert box.data / "accounts" / "journal" in files and len(files) > 3
    for data in ["\n".join(shown).encode(), *(p.read_bytes() for p in files)]:
        assert not found_in(data, SECRET) and not found_in(data, SECRET[::-1])
