"""The roaming matrix on the booted image: one sequence for each pair of client and origin.

Steps, model and clients are those of tests/session/roaming; a reboot is power off and on.  A seed
is replayed with --roaming-seed SEED -k PAIR.
"""

import zlib

from restante_tools.lab import boxconsole, network, preflight
from restante_tools.lab.doorway import Doorway
from restante_tools.lab.dovecot import Dovecot
from restante_tools.lab.mailutils import Mailutils
from restante_tools.lab.popa3d import Popa3d
from restante_tools.lab.site import ImageSite, Wanted
from restante_tools.places import Places
from roaming import arena
from roaming.travellers import TRAVELLERS, Curl, Poplib

SETTINGS = (
    f"set group office servers {network.ORIGIN}",
    "set group office rule all",
    "set group office interval 60",
    "set group office listing-age 0",
)
# A client for each origin; curl says APOP where mailutils offers it, and is not accelerated then.
PAIRS = [
    (server, traveller)
    for server in (Dovecot, Popa3d, Mailutils)
    for traveller in TRAVELLERS
    if (server, traveller) != (Mailutils, Curl)
]
SAMPLE = [(Dovecot, Poplib)]


class OnImage(arena.Arena):
    """The clients stay on loopback: doors lead to the origin's address, here and there."""

    def start(self, server, settings):
        wanted = Wanted(self.accounts, settings=settings, server=server)
        self.site = self.stack.enter_context(ImageSite(Places(), wanted))
        self.origin = self.site.origin
        self.office = self._door(self.site.office)
        self.outside = self._door(self.site.internet)
        self.site.boot()

    def _door(self, namespace):
        door = Doorway(namespace, network.ORIGIN, network.POP3_PORT)
        self.stack.callback(door.close)
        return door.port

    def reboot(self, chance):
        self.site.box.stop()
        self.site.boot()

    def shown(self, command):
        answer = boxconsole.once(self.site, command)
        return "\n".join((answer.text, *answer.lines))


def pytest_generate_tests(metafunc):
    if "pair" in metafunc.fixturenames:
        option = metafunc.config.getoption
        whole = option("--soak") or option("--roaming-seed") is not None
        pairs = PAIRS if whole else SAMPLE
        metafunc.parametrize("pair", pairs, ids=lambda p: f"{p[0].__name__}-{p[1].__name__}")


def test_a_sequence(pair, request, figures):
    server, traveller = pair
    preflight.check(image=True)
    seed = request.config.getoption("--roaming-seed")
    if seed is None:
        seed = zlib.crc32(request.node.callspec.id.encode()) % 1000
    built = OnImage(traveller)
    try:
        built.start(server, SETTINGS)
        built.be_taken_over()
        arena.run(built, seed)
    finally:
        built.close()
    figures.append(f"roaming on the image: {request.node.callspec.id}, seed {seed}")
