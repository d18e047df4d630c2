"""What the console says of held mail and its releases.  Also on MicroPython."""

from control_box import Box
from restante.errors import StoreError
from restante.store.entries import Release


def test_quarantine():
    box = Box()
    ok, text, lines = box.ask(b"quarantine list")
    assert ok and text == "2 held messages" and len(lines) == 3 and "infected" in lines[1]
    page = "\n".join(box.ask(b"quarantine show 7")[2])
    assert "a.zip/x.exe" in page and "a@example.org" in page
    assert box.ask(b"quarantine show 8") == (
        False,
        "no held message '8'",
        ["type: quarantine list"],
    )
    assert box.ask(b"quarantine release 7")[0] and box.ask(b"quarantine release 6 force")[0]
    assert box.ask(b"quarantine delete 6")[0]
    assert box.quarantine.calls == [
        ("release", "7", "admin", False),
        ("release", "6", "admin", True),
        ("delete", "6", "admin"),
    ]
    assert not box.ask(b"quarantine release 9")[0] and not box.ask(b"quarantine delete 9")[0]


def test_each_column_of_the_quarantine():
    box = Box()
    lines = box.ask(b"show quarantine")[2]
    assert (True, "2 held messages", lines) == box.ask(b"quarantine list")
    for column in ("id", "kept", "state", "reason", "account", "signature", "bundle", "from"):
        assert column in lines[0].split(), lines[0]
    for cell in ("7", "1970-01-01T00:00:00Z", "held", "infected", "user @ 192.0.2.1:110"):
        assert cell in lines[1], cell
    for cell in ("Eicar", "factory", "a@example.org", "bad"):
        assert cell in lines[1], cell


def test_what_a_newer_set_says_of_what_is_held():
    box = Box()
    seven = box.quarantine.entries()[0]
    seven.now, seven.bundle = 0, "set 2"
    lines = box.ask(b"show quarantine")[2]
    assert "held, now clean" in lines[1] and "now clean" not in lines[2]
    page = "\n".join(box.ask(b"quarantine show 7")[2])
    assert "state      held, now clean" in page and "now        clean, says set 2" in page
    seven.now = 1  # the same as before, said by another set
    assert "now" not in box.ask(b"show quarantine")[2][1]
    assert "infected, says set 2" in "\n".join(box.ask(b"quarantine show 7")[2])


def test_releases_are_audited():
    box = Box()
    assert box.ask(b"quarantine history") == (True, "nothing was released or deleted", [])
    release = Release("restante-7-1-ab", 90, "console")
    box.quarantine.entries()[0].releases.append(release)
    old = {"time": 30, "who": "console", "uidl": "restante-3-1-cd", "delivered": 31}
    box.quarantine.gone = [
        {"time": 60, "who": "retention", "id": "3", "account": "user @ isp", "releases": [old]}
    ]
    ok, text, lines = box.ask(b"quarantine history")
    assert ok and text == "3 records" and lines[0].split()[0] == "time"
    assert "00:01:30Z  released  console" in lines[1] and lines[1].endswith("restante-7-1-ab")
    assert "deleted" in lines[2] and "retention" in lines[2] and "user @ isp" in lines[2]
    assert lines[3].endswith("restante-3-1-cd")
    page = "\n".join(box.ask(b"quarantine show 7")[2])
    assert "released   1970-01-01T00:01:30Z by console as restante-7-1-ab" in page
    release.delivered = 95
    assert "00:01:35Z" in "\n".join(box.ask(b"quarantine show 7")[2])


def test_refused_release_says_why():
    box = Box()
    box.quarantine.error = StoreError("it was blocked: release it with `force`")
    ok, text, _ = box.ask(b"quarantine release 7")
    assert not ok and "force" in text
