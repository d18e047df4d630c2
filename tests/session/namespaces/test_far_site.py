"""The slow line: never faster than it says, however fast the machine is."""

import pytest
from restante_tools.lab import clients, demo, preflight
from restante_tools.lab.delayer import Line
from restante_tools.lab.dovecot import Account
from restante_tools.lab.site import FarSite, Wanted
from restante_tools.places import Places

LINE = Line()
OCTETS = 300_000
TURNS = 7  # of a session that fetches one message: TCP's first, greeting, USER ... QUIT


@pytest.fixture(scope="module")
def far_site():
    preflight.check(image=False)
    text = b"Subject: far\n\n" + b"line of a message\n" * (OCTETS // 18)
    wanted = Wanted([Account(demo.USER, demo.PASSWORD, [text])])
    with FarSite(Places(), wanted, LINE) as built:
        built.redirect_to(None)
        yield built


def test_the_line_is_as_slow_as_it_says(far_site):
    plan = clients.plan(demo.USER, demo.PASSWORD)
    (far,) = clients.fetch(far_site.office, [plan])
    (near,) = clients.fetch(far_site.internet, [plan])
    assert "error" not in far
    (message,) = far["messages"]
    assert message["sha256"] == near["messages"][0]["sha256"]
    round_trip = 2 * LINE.delay
    assert message["seconds"] >= round_trip + message["octets"] * 8 / LINE.bits_a_second
    assert far["seconds"] >= TURNS * round_trip + message["octets"] * 8 / LINE.bits_a_second
