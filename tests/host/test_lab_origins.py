"""Real servers: what is delivered is served, UIDLs last, deletions and passwords count."""

import contextlib
import poplib
import socket
import tempfile
from pathlib import Path

import pytest
from restante_tools.errors import ToolError
from restante_tools.lab.deadline import Deadline
from restante_tools.lab.dovecot import Account, Dovecot, Plan
from restante_tools.lab.mailutils import Mailutils
from restante_tools.lab.popa3d import Popa3d

USER = "anna"
MESSAGES = [
    b"Subject: one\nMessage-ID: <1@example.org>\n\n.dot\n\n\nlast line\n",
    b"Subject: two\nMessage-ID: <2@example.org>\n\nfrom me to you\n",
]
THIRD = b"Subject: three\nMessage-ID: <3@example.org>\n\nlate\n"


@pytest.fixture(params=[Dovecot, Popa3d, Mailutils], ids=lambda server: server.__name__)
def server(request):
    """Below /tmp, which the owner of the maildrops can enter: pytest's own folders are private."""
    with tempfile.TemporaryDirectory(prefix="restante-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        plan = Plan(folder / "server", "127.0.0.1", port)
        running = request.param(plan, [Account(USER, "secret", MESSAGES)])
        yield running
        running.stop()


@contextlib.contextmanager
def session(server, password="secret"):
    """A session of poplib; without quit() it is cut off at the end."""
    client = poplib.POP3("127.0.0.1", server.plan.port, timeout=20)
    try:
        client.user(USER)
        client.pass_(password)
        yield client
    finally:
        client.close()


def rows(server):
    """UIDL -> message with LF lines, as a client sees them."""
    with session(server) as client:
        uidls = [row.split()[1].decode() for row in client.uidl()[1]]
        found = [b"\n".join(client.retr(n)[1]) + b"\n" for n in range(1, len(uidls) + 1)]
        client.quit()
    return dict(zip(uidls, found, strict=True))


def without_own_field(message):
    """Mailutils keeps the UIDL in the message itself."""
    return b"".join(
        line for line in message.splitlines(keepends=True) if not line.startswith(b"X-UIDL:")
    )


def test_what_is_delivered_is_served_under_lasting_uidls(server):
    first = rows(server)
    assert list(map(without_own_field, first.values())) == MESSAGES
    server.stop()
    with pytest.raises(ConnectionRefusedError), session(server):
        pass
    server.start()
    server.deliver(USER, THIRD)
    second = rows(server)
    assert list(second.items())[:2] == list(first.items())
    assert list(map(without_own_field, second.values())) == [*MESSAGES, THIRD]
    assert server.messages(USER) == list(second.values())


def test_a_deletion_counts_after_quit(server):
    before = list(rows(server).items())
    with session(server) as client:
        client.dele(1)
    gone = Deadline(20, "the server holds the maildrop", "read its log")
    gone.wait(lambda: can_log_in(server), "the end of the cut session")
    assert list(rows(server).items()) == before
    with session(server) as client:
        client.dele(1)
        client.quit()
    assert list(rows(server).items()) == before[1:]
    assert server.messages(USER) == [before[1][1]]


def can_log_in(server, password="secret"):
    try:
        with session(server, password) as client:
            client.quit()
    except poplib.error_proto:
        return False
    return True


def test_a_new_password_replaces_the_old_one(server):
    assert can_log_in(server)
    server.set_password(USER, "another one")
    noticed = Deadline(20, "the server keeps passwords", "read its log")
    noticed.wait(lambda: can_log_in(server, "another one"), "the new password")
    assert not can_log_in(server)


@pytest.mark.parametrize("server", [Popa3d, Mailutils], indirect=True)
def test_a_server_that_is_told_to_end_cuts_the_line_first(server):
    with session(server) as client:
        client.dele(2)
        server.stop()
        with pytest.raises((OSError, poplib.error_proto)):
            client.quit()
    assert len(server.messages(USER)) == 2


def test_an_mbox_refuses_what_it_cannot_hold(tmp_path):
    held = Popa3d.__new__(Popa3d)
    held.plan = Plan(tmp_path, "127.0.0.1", 0)
    with pytest.raises(ToolError, match="mbox"):
        held.deliver(USER, b"Subject: x\n\nFrom the start\n")
