"""The origin cannot be reached: a passing fault (RFC 3206), and the gate lives on."""

from restante_tools.lab import clients, demo


def test_origin_down_is_a_passing_fault_and_it_comes_back(site, gate):
    site.origin.stop()
    report = clients.talk(site.office, [])
    assert report["said"][0].startswith("-ERR [SYS/TEMP]")
    site.restart_origin()
    (report,) = clients.fetch(site.office, [clients.plan(demo.USER, demo.PASSWORD)])
    assert "error" not in report
    assert report["quit"].startswith("+OK")
