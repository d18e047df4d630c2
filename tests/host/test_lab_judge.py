"""The demonstration's judge: what it must not let pass."""

import pytest
from restante_tools.lab import judge as judging
from restante_tools.lab import maildrop

NOTICE = b"Content-Type: text/plain\n\nRestante has replaced a part of this message.\n"


def octets(title):
    """The message of the demonstration with that title, as a client stores it."""
    (mail,) = (mail for mail in maildrop.demonstration() if mail.title == title)
    return mail, mail.stored


@pytest.fixture
def infected():
    return octets("EICAR, base64 attachment")


def replaced_by(mail, stored, notice):
    start, end = judging.bad_octets(mail.octets, mail.bad, stored)
    return stored[:start] + notice + stored[end:]


def test_a_clean_message_must_be_identical():
    mail, stored = octets("plain text")
    assert judging.judge(mail, stored, stored, True).right
    assert not judging.judge(mail, stored, stored + b"\n", True).right
    assert not judging.judge(mail, stored, stored.replace(b"nine", b"ten"), True).right


def test_an_infected_message_must_not_be_identical(infected):
    mail, stored = infected
    assert not judging.judge(mail, stored, stored, True).right
    assert judging.judge(mail, stored, stored, False).right


def test_a_replaced_part_is_right(infected):
    mail, stored = infected
    judgement = judging.judge(mail, stored, replaced_by(mail, stored, NOTICE), True)
    assert judgement.right
    assert judgement.received == "replaced: invoice.com; the rest identical"


def test_nothing_else_may_change(infected):
    mail, stored = infected
    changed = replaced_by(mail, stored, NOTICE)
    for part in (b"Please pay", b"terms.txt"):
        assert part in changed
        wrong = changed.replace(part, part[::-1])
        assert not judging.judge(mail, stored, wrong, True).right


def test_a_part_that_only_vanished_is_wrong(infected):
    mail, stored = infected
    emptied = replaced_by(mail, stored, b"Content-Type: text/plain\n\n")
    assert not judging.judge(mail, stored, emptied, True).right


@pytest.mark.parametrize(
    "title", ["EICAR, base64 attachment", "EICAR in a zip, forwarded", "EICAR, uuencoded"]
)
def test_what_is_still_infected_is_wrong(title):
    mail, stored = octets(title)
    assert judging.infected(stored)
    marked = b"X-Mark: Restante\n" + stored
    assert not judging.judge(mail, stored, marked, True).right


@pytest.mark.parametrize("title", ["plain text", "HTML with inline image", "forwarded message"])
def test_clean_ones_are_not_called_infected(title):
    assert not judging.infected(octets(title)[1])


def test_a_notice_that_carries_the_content_along_is_wrong(infected):
    mail, stored = infected
    start, end = judging.bad_octets(mail.octets, mail.bad, stored)
    hidden = NOTICE + b"Content-Transfer-Encoding: base64\n\n" + stored[start:end]
    assert judging.fault_of_replacement(stored, stored[:start] + hidden + stored[end:], start, end)
