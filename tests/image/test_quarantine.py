"""The quarantine at the serial console: list, show, release, deliver, delete."""

import pytest
from restante_tools.lab import boxconsole, clients, demo

INFECTED = "EICAR, base64 attachment"


@pytest.fixture(scope="module")
def number(mails):
    return [mail.title for mail in mails].index(INFECTED) + 1


def session(site, **more):
    (report,) = clients.fetch(site.office, [clients.plan(demo.USER, demo.PASSWORD, **more)])
    assert "error" not in report
    return report


@pytest.fixture(scope="module")
def uidl(site, number):
    """The UIDL of the infected message; reading it puts its original into quarantine."""
    (row,) = session(site, numbers=[number])["messages"]
    return row["uidl"]


def entry_of(ask, uidl):
    (entry,) = [held for held in boxconsole.quarantine(ask, demo.USER) if held.uidl == uidl]
    return entry


def test_what_is_held_is_shown(ask, uidl):
    entry = entry_of(ask, uidl)
    assert entry.verdict == "infected"
    assert "Eicar" in entry.signature
    assert demo.USER in entry.account


def test_a_released_message_arrives_once_with_its_own_uidl(
    site, ask, mails, number, uidl, tmp_path
):
    before = session(site, numbers=[number])["uidls"]
    entry = entry_of(ask, uidl)
    assert ask(f"quarantine release {entry.ident}").ok
    after = session(site, numbers=[len(before) + 1], keep=str(tmp_path), delete=[len(before) + 1])
    assert after["uidls"][: len(before)] == before
    assert len(after["uidls"]) == len(before) + 1
    assert after["uidls"][-1] not in before
    original = mails[number - 1].octets
    assert (tmp_path / f"{len(before) + 1:05d}.wire").read_bytes() == original
    assert session(site, numbers=[number])["uidls"] == before


def test_a_deleted_entry_is_gone(ask, uidl):
    entry = entry_of(ask, uidl)
    assert ask(f"quarantine delete {entry.ident}").ok
    assert not ask(f"quarantine show {entry.ident}").ok
    assert not ask(f"quarantine release {entry.ident}").ok
