"""The roaming matrix: real clients and real origins, the gate between them only in the office.

A failing seed is replayed by:
  build/venv/bin/restante test tests/session/roaming --roaming-seed SEED -k PAIR
"""

import zlib

import pytest
from restante_tools.lab.dovecot import Dovecot
from restante_tools.lab.mailutils import Mailutils
from restante_tools.lab.popa3d import Popa3d
from roaming import arena
from roaming.played import PLAYED
from roaming.travellers import TRAVELLERS, Curl, Poplib

SERVERS = (Dovecot, Popa3d, Mailutils)
SAMPLE, SOAK = 1, 30  # sequences of each pair
SHOWN = 3  # failing sequences of a pair that are told in full

ACCELERATED = (
    "set group office servers {origin}",
    "set group office rule all",
    "set group office interval 60",
    "set group office listing-age 0",
)


@pytest.fixture(params=SERVERS, ids=lambda server: server.__name__)
def server(request):
    return request.param


@pytest.fixture(params=TRAVELLERS, ids=lambda traveller: traveller.__name__)
def traveller(request):
    return request.param


def seeds_of(pair, soak):
    """Another sequence for each pair; `make soak` makes 30 of each."""
    first = zlib.crc32(pair.encode()) % 1000 * 1000
    return range(first, first + (SOAK if soak else SAMPLE))


def play(server, traveller, signatures, settings, request, soak):
    chosen = request.config.getoption("--roaming-seed")
    seeds = [chosen] if chosen is not None else seeds_of(request.node.callspec.id, soak)
    # curl says APOP wherever a greeting offers it, so this account has nothing else.
    apop = (server, traveller) == (Mailutils, Curl)
    wrong = []
    for seed in seeds:
        built = arena.Native(traveller, signatures, apop)
        try:
            built.start(server, settings)
            if settings and not apop:
                built.be_taken_over()
            arena.run(built, seed)
        except arena.Wrong as error:
            wrong.append(str(error))
        finally:
            built.close()
    PLAYED[f"{request.node.name} {traveller.__name__}"] = (seeds, len(wrong))
    assert not wrong, "\n\n".join(wrong[:SHOWN])


def test_accelerated(server, traveller, signatures, soak, request):
    play(server, traveller, signatures, ACCELERATED, request, soak)


def test_passed_through(server, signatures, soak, request):
    """One client is sample enough of what the gate only passes on."""
    for traveller in TRAVELLERS if soak else (Poplib,):
        play(server, traveller, signatures, (), request, soak)
