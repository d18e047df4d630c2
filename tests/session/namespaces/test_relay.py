"""The native gate between office and internet: what a client sees, compared with no gate."""

import pytest
from restante_tools.lab import certificate, clients, demo, network


@pytest.fixture(scope="module")
def direct(site):
    return demo.read_maildrop(site, site.internet, "direct")


@pytest.fixture(scope="module")
def through(site, gate, direct):
    return demo.read_maildrop(site, site.office, "through")


@pytest.fixture(scope="module")
def outcome(mails, direct, through, gate):
    return demo.compare(mails, direct, through, gate.ask)


def test_every_message_is_as_it_should_be(outcome):
    assert [row for row in outcome.rows if not row.judgement.right] == []


def test_fetchmail_is_as_right_as_mpop(outcome):
    assert outcome.clients_agree


def test_the_uidls_are_the_origins(direct, through):
    assert through.uidls() == direct.uidls()


def test_sizes_are_the_origins(direct, through):
    assert [row["listed"] for row in through.sessions] == [
        row["listed"] for row in direct.sessions
    ]


@pytest.mark.parametrize("port", [network.POP3_PORT, network.GATE_PORT])
def test_loop_guard_refuses_who_speaks_to_the_box_itself(site, gate, port):
    report = clients.talk(site.office, [], host=network.LAN_BOX, port=port)
    assert report["said"][0].startswith("-ERR [SYS/PERM]")


def test_stls_is_a_tunnel_to_the_origins_own_certificate(site, gate, origin_certificate, direct):
    (report,) = clients.fetch(site.office, [clients.plan(demo.USER, demo.PASSWORD, starttls=True)])
    assert report["tls"]["certificate"] == certificate.fingerprint(origin_certificate)
    got = [row["sha256"] for row in report["messages"]]
    assert got == [row["sha256"] for row in direct.sessions]


def test_wrong_password_is_the_origins_answer(site, gate):
    said = clients.talk(site.office, [f"USER {demo.USER}", "PASS wrong"])["said"]
    assert said[-1].startswith("-ERR [AUTH]")
