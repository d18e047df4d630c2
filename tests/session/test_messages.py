"""A message's way: real gate, real screen process, real Dovecot."""

import mails
import pytest
from talk import Talk

BAD = 2  # number of the infected message in MAILDROP
MAILDROP = [mails.clean("one"), mails.infected(), mails.clean("three", "x\n" * 3000)]


def everything(port):
    with Talk(port) as talk:
        talk.log_in()
        seen = [talk.ask(b"STAT"), talk.fetch(b"LIST"), talk.fetch(b"UIDL"), talk.ask(b"UIDL 2")]
        for number in range(1, len(MAILDROP) + 1):
            seen.append(talk.fetch(b"RETR %d" % number))
            seen += [talk.fetch(b"TOP %d %d" % (number, lines))[1] for lines in (0, 1, 5)]
        assert talk.ask(b"QUIT").startswith(b"+OK")
        return seen


def test_what_is_clean_is_the_same_to_the_octet(screened):
    box, origin = screened(MAILDROP)
    direct, through = everything(origin), everything(box.port)
    assert len(direct) == len(through)
    different = [
        i for i, pair in enumerate(zip(direct, through, strict=True)) if pair[0] != pair[1]
    ]
    # RETR and TOP 2 5 of the infected message; its header and first line stay.
    assert different == [8] or different == [8, 11]
    assert mails.shows(direct[8][1]) and not mails.shows(through[8][1])


def test_the_bad_part_is_replaced_and_the_original_held(screened):
    box, origin = screened(MAILDROP)
    with Talk(origin) as talk:
        original = talk.log_in().fetch(b"RETR 2")[1]
    with Talk(box.port) as talk:
        talk.log_in()
        line, body = talk.fetch(b"RETR 2")
        uidl = talk.ask(b"UIDL 2").split()[2].decode()
    assert line == b"+OK message follows"
    assert b"removed by the mail gateway" in body and b"Eicar" in body
    head, tail = body.split(b"Content-Disposition: inline", 1)
    assert original.startswith(head) and original.endswith(tail[tail.rindex(b"--====") :])
    held = box.data / "quarantine" / "1.eml"
    assert held.read_bytes() == original
    shown = "\n".join(box.console("quarantine show 1")[1])
    assert uidl in shown and "Eicar-Test" in shown and "x.com" in shown


def test_top_then_retr_fetches_once_and_shows_the_same(screened):
    box, _ = screened(MAILDROP)
    with Talk(box.port) as talk:
        talk.log_in()
        whole = talk.fetch(b"TOP 2 99999999")[1]
        assert b"removed by the mail gateway" in whole
        assert talk.fetch(b"RETR 2")[1] == whole
        head = talk.fetch(b"TOP 2 3")[1]
        assert whole.startswith(head) and head.count(b"\r\n") < whole.count(b"\r\n")
    box.until(lambda: not list((box.data / "spool").iterdir()), "an empty spool")


def test_the_origin_sends_a_message_once(scripted):
    box, origin = scripted([mails.clean().replace(b"\n", b"\r\n")], screens=True)
    with Talk(box.port) as talk:
        talk.log_in()
        for command in (b"TOP 1 1", b"TOP 1 2", b"RETR 1"):
            assert talk.fetch(command)[1] is not None
    fetches = [line for line in origin.said if line.startswith((b"TOP", b"RETR"))]
    assert fetches == [b"TOP 1 99999999"]


def test_a_top_that_the_origin_cuts_short_is_not_taken_for_the_message(scripted):
    message = mails.clean().replace(b"\n", b"\r\n")
    short = {b"TOP": b"+OK\r\n" + message[:60] + b"\r\n.\r\n"}
    box, origin = scripted([message], screens=True, answers=short)
    with Talk(box.port) as talk:
        talk.log_in()
        assert talk.fetch(b"TOP 1 1")[1] is not None
        assert talk.fetch(b"RETR 1")[1] == mails.wire(message)
    assert b"RETR 1" in origin.said


def test_a_message_without_parts_is_replaced_whole(screened):
    box, _ = screened([mails.raw_infected()])
    with Talk(box.port) as talk:
        talk.log_in()
        body = talk.fetch(b"RETR 1")[1]
    assert b"Subject: raw\r\n" in body and b"is held by the mail gateway" in body
    assert not mails.shows(body)


def test_the_same_message_is_kept_once(screened):
    box, _ = screened(MAILDROP)
    for _ in range(3):
        with Talk(box.port) as talk:
            talk.log_in()
            assert talk.fetch(b"RETR 2")[1] is not None
    assert [p.name for p in (box.data / "quarantine").glob("*.eml")] == ["1.eml"]


def test_the_clients_own_deletion_is_passed(screened):
    box, origin = screened(MAILDROP)
    with Talk(box.port) as talk:
        talk.log_in()
        assert talk.fetch(b"RETR 2")[1] is not None
        assert talk.ask(b"DELE 2").startswith(b"+OK")
        assert talk.ask(b"QUIT").startswith(b"+OK")
    with Talk(origin) as talk:
        assert talk.log_in().ask(b"STAT").startswith(b"+OK 2 ")


def test_a_full_quarantine_refuses_the_message_and_its_deletion(screened):
    mail = mails.plain("huge")
    data = bytes(range(256)) * 32768  # over the quarantine's 8 MiB once it is base64
    mail.add_attachment(data, maintype="application", subtype="octet-stream", filename="fill.bin")
    mail.add_attachment(
        mails.EICAR, maintype="application", subtype="octet-stream", filename="x.com"
    )
    box, origin = screened([bytes(mail), mails.clean()], ["set quarantine maximum 8"])
    with Talk(box.port) as talk:
        talk.log_in()
        assert talk.ask(b"RETR 1").startswith(b"-ERR [SYS/TEMP]")
        assert talk.ask(b"DELE 1").startswith(b"-ERR [SYS/TEMP]")
        assert talk.fetch(b"RETR 2")[1] == mails.wire(mails.clean())
        assert talk.ask(b"DELE 2").startswith(b"+OK")
        assert talk.ask(b"QUIT").startswith(b"+OK")
    with Talk(origin) as talk:
        assert talk.log_in().ask(b"STAT").startswith(b"+OK 1 ")
    assert "ALARM          store" in "\n".join(box.console("show status")[1])


def test_a_full_spool_refuses_the_message_and_the_session_goes_on(screened):
    box, _ = screened([mails.big(9000000), mails.clean()], ["set spool maximum 8"])
    box.tested()  # else its sample takes of that
    with Talk(box.port) as talk:
        talk.log_in()
        assert talk.ask(b"RETR 1").startswith(b"-ERR [SYS/PERM]")
        assert talk.ask(b"DELE 1").startswith(b"-ERR [SYS/TEMP]")
        assert talk.fetch(b"RETR 2")[1] == mails.wire(mails.clean())


def test_a_released_original_comes_as_one_more_message(screened):
    box, origin = screened(MAILDROP)
    with Talk(origin) as talk:
        original = talk.log_in().fetch(b"RETR 2")[1]
    with Talk(box.port) as talk:
        talk.log_in().fetch(b"RETR 2")
    assert box.console("quarantine release 1")[0].startswith("+OK")
    with Talk(box.port) as talk:
        talk.log_in()
        assert talk.ask(b"STAT").startswith(b"+OK 4 ")
        listing = talk.fetch(b"LIST")[1].splitlines()
        assert len(listing) == 4 and listing[3].startswith(b"4 ")
        assert talk.ask(b"LIST 4") == b"+OK " + listing[3]
        uidls = talk.fetch(b"UIDL")[1].splitlines()
        assert uidls[3].startswith(b"4 restante-") and len(set(uidls)) == 4
        assert talk.fetch(b"RETR 4")[1] == original
        assert original.startswith(talk.fetch(b"TOP 4 0")[1])
        assert talk.ask(b"DELE 4").startswith(b"+OK")
        assert talk.ask(b"RETR 4").startswith(b"-ERR")
        assert talk.ask(b"STAT").startswith(b"+OK 3 ")
        assert talk.ask(b"RSET").startswith(b"+OK")
        assert talk.ask(b"STAT").startswith(b"+OK 4 ")
        assert talk.ask(b"RETR 5").startswith(b"-ERR")
        assert talk.ask(b"DELE 4").startswith(b"+OK")
        # no QUIT: it is still there
    with Talk(box.port) as talk:
        talk.log_in()
        assert talk.ask(b"STAT").startswith(b"+OK 4 ")
        assert talk.ask(b"DELE 4").startswith(b"+OK")
        assert talk.ask(b"QUIT").startswith(b"+OK")
    with Talk(box.port) as talk:
        assert talk.log_in().ask(b"STAT").startswith(b"+OK 3 ")


@pytest.mark.parametrize("action", ["pass", "mark", "quarantine", "block"])
def test_actions(screened, action):
    box, _ = screened(MAILDROP, [f"set screening action infected {action}"])
    with Talk(box.port) as talk:
        talk.log_in()
        line, body = talk.fetch(b"RETR 2")
    original = mails.wire(MAILDROP[1])
    if action == "pass":
        assert body == original and b"octets" in line
    elif action == "mark":
        first, rest = body.split(b"\r\n", 1)
        assert first.startswith(b"X-Restante-Verdict: infected") and rest == original
    else:
        assert b"is held by the mail gateway" in body and not mails.shows(body)


def test_audit_changes_nothing_and_says_what_it_had_done(screened):
    box, _ = screened(MAILDROP, ["set screening mode audit"])
    with Talk(box.port) as talk:
        talk.log_in()
        assert talk.fetch(b"RETR 2")[1] == mails.wire(MAILDROP[1])
    assert "would=clean" in box.log()
