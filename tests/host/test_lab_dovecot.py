"""The private Dovecot: serves what it was given, and its configuration for a user is complete."""

import grp
import os
import poplib
import pwd
import re
import socket
import tempfile
from pathlib import Path

import pytest
from restante_tools.lab import dovecot
from restante_tools.lab.dovecot import Account, Dovecot, Plan

MESSAGES = (b"Subject: one\n\n.dot\n", b"Subject: two\n\nlast line\n")


@pytest.fixture
def server():
    """Below /tmp, which the owner of the maildrops can enter: pytest's own folders are private."""
    with tempfile.TemporaryDirectory(prefix="restante-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield from serving(folder)


def serving(folder):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = Dovecot(
        Plan(folder / "dovecot", "127.0.0.1", port), [Account("anna", "secret", MESSAGES)]
    )
    yield running
    running.stop()


def listing(server):
    client = poplib.POP3("127.0.0.1", server.plan.port)
    client.user("anna")
    client.pass_("secret")
    found = [b"\n".join(client.retr(n)[1]) + b"\n" for n in range(1, client.stat()[0] + 1)]
    client.quit()
    return found


def test_messages_are_served_in_order_also_after_a_restart(server):
    assert listing(server) == list(MESSAGES)
    server.stop()
    server.start()
    assert listing(server) == list(MESSAGES)


def test_a_user_needs_no_other_user(tmp_path, monkeypatch):
    user = pwd.getpwnam("nobody")
    monkeypatch.setattr(os, "geteuid", lambda: user.pw_uid)
    text = dovecot.configuration(Plan(tmp_path, "127.0.0.1", 1110), (2, 3))
    named = dict(re.findall(r"^(default_\w+) = (\S+)$", text, re.MULTILINE))
    assert named.pop("default_internal_group") == grp.getgrgid(user.pw_gid).gr_name
    assert set(named) == {"default_internal_user", "default_login_user"}
    assert set(named.values()) == {"nobody"}
    assert len(re.findall(r"^  chroot =$", text, re.MULTILINE)) == 2
