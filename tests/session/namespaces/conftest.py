"""The native gate between two namespaces: real router, real packet filter, real server.

Needs root. One site a module: the gate of a module is started once.
"""

import pytest
from restante_tools.lab import certificate, demo, maildrop, preflight
from restante_tools.lab.nativegate import NativeGate, Place
from restante_tools.lab.site import NativeSite, Wanted
from restante_tools.places import Places


@pytest.fixture(scope="session")
def mails():
    return maildrop.demonstration()


@pytest.fixture(scope="session")
def origin_certificate(tmp_path_factory):
    return certificate.make(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def site(mails, origin_certificate):
    """Office and internet with the demonstration's maildrop, no gate yet."""
    preflight.check(image=False)
    with NativeSite(Places(), Wanted([demo.account(mails)], origin_certificate)) as built:
        yield built


@pytest.fixture(scope="module")
def gate(site):
    """A gate with factory settings."""
    running = NativeGate(Place(site.box), site.places, site.folder("gate"))
    yield running
    running.stop()
