"""What `make run` shows, as tests: each message of the demonstration is right."""

import pytest
from restante_tools.lab import demo


@pytest.fixture(scope="module")
def outcome(site, ask, mails):
    direct = demo.read_maildrop(site, site.internet, "direct")
    through = demo.read_maildrop(site, site.office, "through")
    return demo.compare(mails, direct, through, ask)


def test_the_box_screens(outcome):
    assert outcome.status.screened, outcome.status.why_not


def test_every_message_is_as_it_should_be(outcome):
    assert [row for row in outcome.rows if not row.judgement.right] == []


def test_the_three_infected_ones_are_named(outcome):
    named = [row for row in outcome.rows if row.verdict.startswith("infected: ")]
    assert len(named) == 3
    assert all("Eicar" in row.verdict for row in named)


def test_fetchmail_is_as_right_as_mpop(outcome):
    assert outcome.clients_agree


def test_the_uidls_are_the_origins(outcome):
    assert outcome.same_uidls
