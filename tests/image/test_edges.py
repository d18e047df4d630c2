"""What is not screened or not served is said: tunnels, loops, an origin that is away."""

import pytest
from restante_tools.lab import boxconsole, certificate, clients, demo, network


def tunnels(ask):
    return int(boxconsole.must(ask, "show status").value("tunnels").split()[0])


def test_stls_is_a_tunnel_and_is_counted(site, ask, origin_certificate):
    before = tunnels(ask)
    plan = clients.plan(demo.USER, demo.PASSWORD, starttls=True)
    (report,) = clients.fetch(site.office, [plan])
    assert report["tls"]["certificate"] == certificate.fingerprint(origin_certificate)
    (direct,) = clients.fetch(site.internet, [clients.plan(demo.USER, demo.PASSWORD)])
    here = [row["sha256"] for row in report["messages"]]
    assert here == [row["sha256"] for row in direct["messages"]]
    assert tunnels(ask) == before + 1


@pytest.mark.parametrize("port", [network.POP3_PORT, network.GATE_PORT])
def test_who_speaks_to_the_box_itself_gets_no_session(site, port):
    """The packet filter lets nobody to the gate's own port; what passes it, the gate refuses."""
    report = clients.talk(site.office, [], host=network.LAN_BOX, port=port, seconds=3)
    said = report["said"]
    assert "error" in report if not said else said[0].startswith("-ERR [SYS/PERM]")


def test_origin_down_is_a_passing_fault(site):
    site.origin.stop()
    try:
        report = clients.talk(site.office, [])
    finally:
        site.restart_origin()
    assert report["said"][0].startswith("-ERR [SYS/TEMP]")
    (back,) = clients.fetch(site.office, [clients.plan(demo.USER, demo.PASSWORD, numbers=[1])])
    assert "error" not in back


def test_nothing_but_pop3_is_intercepted(site):
    """Another port goes through untouched: the box is a router as well."""
    report = clients.talk(site.office, [], port=111)
    assert "refused" in report["error"]
