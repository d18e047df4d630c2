"""native/tls under the sanitizers: real chains, public CAs, servers whose octets are wrong."""

import random
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "session"))

from restante_tools.build import roots
from restante_tools.places import Places
from restante_tools.sources.fetch import taken
from restante_tools.sources.unpack import tree_of
from secured import HOST, Authority, Identity, Raw, in_pieces, pin, speaking

SECONDS = 60
V1_2, V1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
ANSWER = b"x" * 50_000
CERTIFICATE, CLOSED, PROTOCOL = 1, 5, 9  # session.h
MOST_MEMORY = 65536  # of one session
ROUNDS = 60
STALLED_SECONDS = 0.3


@pytest.fixture(scope="module")
def cli(native_programs):
    """(fault, number, octets, most memory) of a session, or the text of another command."""

    def run(*words):
        done = subprocess.run(
            [native_programs / "tls_cli_asan", *map(str, words)],
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found = done.stdout.split()
        return tuple(int(word) for word in found)

    return run


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture
def file(tmp_path, authority):
    path = tmp_path / "roots"
    path.write_bytes(authority.roots())
    return path


def serve(answer):
    """A running Raw that ends with the `with`."""

    class Running(Raw):
        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.stop()

    return Running(answer)


def good(tls, request):
    tls.sendall(ANSWER)
    tls.unwrap()


def test_all_public_cas_can_be_read_and_found(cli, tmp_path):
    places = Places()
    packages = taken(places, [roots.PACKAGE])
    path = roots.write(tree_of(places, packages[roots.PACKAGE]), tmp_path / "public")
    (count,) = cli("roots", path)
    assert 100 < count < 300


@pytest.mark.parametrize("version", [V1_2, V1_3])
@pytest.mark.parametrize("rsa_key", [False, True])
def test_a_session_fits_into_its_memory(cli, tmp_path, authority, file, version, rsa_key):
    between = Authority("Between", above=authority)
    more = [between.certificate, authority.certificate]
    identity = Identity(tmp_path / "identity", between, more=more, rsa_key=rsa_key)
    context = identity.context(version, version)
    with serve(speaking(context, good)) as server:
        fault, _, octets, most = cli("get", server.port, HOST, file)
        assert (fault, octets) == (0, len(ANSWER)) and most < MOST_MEMORY
        fault, _, octets, most = cli("get", server.port, HOST, file, pin(between.certificate))
        assert (fault, octets) == (0, len(ANSWER)) and most < MOST_MEMORY
        assert cli("get", server.port, HOST, file, "00" * 32)[:3] == (CERTIFICATE, 8, 0)
        for host in ("a.example", "127.0.0.2"):  # it is reached at 127.0.0.1 all the same
            assert cli("get", server.port, host, file)[:3] == (CERTIFICATE, 4, 0)
    with serve(in_pieces(context, lambda request: ANSWER, 3)) as server:
        assert cli("get", server.port, HOST, file)[::2] == (CLOSED, len(ANSWER))


class Flipping:
    """A socket that sends one octet of all that it sends as another one."""

    def __init__(self, peer, at, flip):
        self._peer, self._at, self._flip = peer, at, flip

    def sendall(self, data):
        if 0 <= self._at < len(data):
            data = bytearray(data)
            data[self._at] ^= self._flip
        self._at -= len(data)
        self._peer.sendall(bytes(data))

    def __getattr__(self, name):
        return getattr(self._peer, name)


@pytest.mark.parametrize("version", [V1_2, V1_3])
def test_octets_that_are_wrong(cli, tmp_path, authority, file, version, soak):
    """Invariant: a fault, and nothing read that was not sent; or all of it."""
    identity = Identity(tmp_path / "identity", authority, more=[authority.certificate])
    context = identity.context(version, version)
    faults = set()
    for seed in range(ROUNDS * 20 if soak else ROUNDS):
        chance = random.Random(f"{version} {seed}")
        at, flip = int(2600 * chance.random() ** 2), 1 << chance.randrange(8)
        answering = in_pieces(context, lambda request: b"the answer", 65536)

        def answer(peer, at=at, flip=flip, answering=answering):
            peer.settimeout(STALLED_SECONDS)  # each waits for the other where a length is wrong
            answering(Flipping(peer, at, flip))

        with serve(answer) as server:
            fault, _, octets, most = cli("get", server.port, HOST, file)
        assert octets in (0, len(b"the answer")), (seed, fault)
        assert fault and most < MOST_MEMORY, (seed, fault, most)
        faults.add(fault)
    assert PROTOCOL in faults, faults


def test_lists_of_cas_that_are_wrong(cli, tmp_path, authority, file):
    """Invariant: a fault, whatever stands in the file."""
    identity = Identity(tmp_path / "identity", Authority())
    whole = file.read_bytes()
    with serve(speaking(identity.context(), good)) as server:
        for seed in range(ROUNDS):
            chance = random.Random(seed)
            data = bytearray(whole)
            data[chance.randrange(min(60, len(data)))] ^= 1 << chance.randrange(8)
            file.write_bytes(data[: chance.choice((len(data), chance.randrange(len(data))))])
            assert cli("get", server.port, HOST, file)[0] != 0, seed


def test_who_only_shows_a_certificate_is_not_who_has_its_key(cli, tmp_path, file):
    """A chain whose signatures do not hold, under a pin and under a root of the same name."""
    company = Authority("Company CA")
    between = Authority("Company CA 2", above=company)
    thief = Authority("Company CA 2", above=company)
    chain = [between.certificate, company.certificate]
    file.write_bytes(company.roots())
    honest = Identity(tmp_path / "honest", between, more=chain)
    stolen = Identity(tmp_path / "stolen", thief, more=chain)
    pins = [(), (pin(company.certificate),), (pin(between.certificate), "00" * 32)]
    with serve(speaking(honest.context(), good)) as server:
        for each in pins:
            assert cli("get", server.port, HOST, file, *each)[0] == 0
        assert cli("get", server.port, HOST, file, pin(thief.certificate))[:2] == (CERTIFICATE, 8)
    with serve(speaking(stolen.context(), good)) as server:
        for each in pins:
            assert cli("get", server.port, HOST, file, *each)[:3] == (CERTIFICATE, 8, 0)
