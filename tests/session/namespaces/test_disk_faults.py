"""The data partition as on the box, ext4, fails below the running gate (FAULTS 53, 55)."""

import pytest
from bystander import LARGE, unnoticed
from disks import Ext4
from mails import infected
from served import greeted, learn, leave, mail, offer, session, uidls
from talk import texts

# How it fails, and what is then said: a device that refuses gives either error of the latter.
FAULTS = {
    "read-only": (Ext4.become_read_only, ("the data partition is read-only",)),
    "write errors": (Ext4.refuse_writes, ("input/output error", "no room")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_partition_that_fails(accelerated, fault):
    """What is stored is served; what cannot be written is not confirmed, and nothing is lost."""
    group = ["freshness 0", "listing-age 0"]
    box, server = accelerated([LARGE, mail(2), mail(3)], group, disk=Ext4)
    box.disk.run("sync", box.data / "settings")  # nobody but us has written them
    learn(box)
    fail, causes = FAULTS[fault]
    with unnoticed(box, "deletions.not-recorded") as news:
        fail(box.disk)
        server.add(mail(4, 1000))
        with session(box) as talk:
            assert set(uidls(talk)) >= {b"uid-1", b"uid-2", b"uid-3"}
            assert texts(talk.fetch(b"RETR 2")[1]) == mail(2)
            assert talk.ask(b"DELE 3").startswith(b"+OK")
            assert talk.ask(b"QUIT").startswith(b"-ERR [SYS/TEMP]")
        with greeted(box) as talk:
            assert offer(talk, b"wrong").startswith(b"-ERR [AUTH]")
        assert b"uid-3" in server.drop
    assert any(cause in "\n".join(news) for cause in causes)
    box.gate.signal(9)
    box.gate.stop()
    box.disk.repair()
    box.start_gate()
    with session(box) as talk:
        assert uidls(talk) == list(server.drop)
        assert texts(talk.fetch(b"RETR 4")[1]) == mail(4, 1000)
        assert talk.ask(b"DELE 3").startswith(b"+OK")
        leave(talk)
    with session(box) as talk:
        assert uidls(talk) == list(server.drop) == [b"uid-1", b"uid-2", b"uid-4"]


@pytest.mark.parametrize("fault", FAULTS)
def test_mail_in_passage_on_a_partition_that_fails(accelerated, fault):
    """What cannot be held for good is not replaced, so it is neither delivered nor deleted."""
    bad = infected().replace(b"\n", b"\r\n")
    box, server = accelerated([LARGE, bad], None, screens=True, disk=Ext4)
    fail, causes = FAULTS[fault]
    with unnoticed(box, "message.refused") as news, session(box) as talk:
        fail(box.disk)
        assert talk.ask(b"RETR 2").startswith(b"-ERR [SYS/TEMP]")
        assert talk.ask(b"DELE 2").startswith(b"-ERR")
        assert talk.ask(b"STAT").startswith(b"+OK 2 ")
        leave(talk)
    assert any(cause in "\n".join(news) for cause in causes) and len(server.drop) == 2
