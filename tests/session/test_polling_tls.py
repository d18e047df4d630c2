"""The box fetches bundles by HTTPS: a real server, and servers that misbehave in TLS.

FAULTS 25, 61, 67, 80, 93.
"""

import ipaddress
import socket
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from installing import vectors
from mailserver import MailServer
from polling import Scripted, moved, part, start_of, whole
from restante_tools.bundles import publishing
from restante_tools.lab.fileserver import FileServer
from secured import HOST, Authority, Identity, Raw, in_pieces, pem, pin, speaking
from secured_box import SecuredBox
from test_installing import bundle
from test_polling import sets  # noqa: F401 (a fixture)
from test_set_swap import MAILS, found

make = vectors()
V1_2, V1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
GOOD = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"  # what stands for "TLS was good"
AND_SO = "answers 404 to index"


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture
def box(signatures, authority):
    server = MailServer(MAILS)
    settings = ["set log level debug", "set signatures maximum-age 0", "set updates interval 0"]
    keys = make.SETS["keys-1"]
    made = SecuredBox(authority.roots(), server.port, signatures, settings, keys)
    made.tested()
    made.clock_is_set()
    yield made
    made.stop()
    server.stop()


@pytest.fixture
def identity(tmp_path, authority):
    return Identity(tmp_path / "identity", authority)


@pytest.fixture
def start():
    """start(answer) -> a running Raw."""
    running = []

    def made(answer):
        running.append(Raw(answer))
        return running[-1]

    yield made
    for each in running:
        each.stop()


def good(tls, request):
    tls.sendall(GOOD)
    tls.unwrap()


def asked(box, server):
    """What a poll of that server says."""
    box.configure(f"set updates url {server.url}")
    return box.poll()


def test_a_bundle_from_a_real_server_and_the_rest_of_it(box, sets, tmp_path, authority, identity):  # noqa: F811
    """The whole way with nginx: the list, a bundle, 304, one that broke off; TLS 1.3 and 1.2."""
    files = tmp_path / "files"
    files.mkdir()
    data = bundle(sets["knows-0"], 1)
    (files / "s1.rstb").write_bytes(data)
    publishing.publish(files, None)
    nginx = FileServer(tmp_path / "nginx", files, tls=(identity.chain, identity.key))
    try:
        box.configure(f"set updates url https://127.0.0.1:{nginx.port}/")
        assert box.poll() == "+OK set-1 is in use" and found(box)
        assert box.poll() == "+OK nothing newer"
        assert f"200 {len(data)} /s1.rstb" in nginx.requests()
        assert any("TLSv1.3" in row for row in box.console("show log")[1])
    finally:
        nginx.stop()
    with_rsa = Identity(tmp_path / "rsa", authority, rsa_key=True)
    old = FileServer(
        tmp_path / "old", files, tls=(with_rsa.chain, with_rsa.key), protocols="TLSv1.2"
    )
    try:
        (files / "s2.rstb").write_bytes(bundle(sets["knew-1"], 2))
        publishing.publish(files, None)
        box.configure(f"set updates url https://127.0.0.1:{old.port}/")
        assert box.poll() == "+OK set-2 is in use"
        assert any("TLSv1.2" in row for row in box.console("show log")[1])
    finally:
        old.stop()


@pytest.mark.parametrize("version", [V1_2, V1_3])
@pytest.mark.parametrize("goodbye", [True, False])
def test_it_goes_on_where_the_server_broke_off(box, sets, start, identity, version, goodbye):  # noqa: F811
    """FAULTS 80; with TLS's goodbye in the midst of a file, or with none."""
    data = bundle(sets["knows-0"], 1)
    index = publishing.index_of({"s.rstb": data})
    starts = []

    def serve(tls, request):
        if b"s.rstb" not in request:
            tls.sendall(whole(index))
            return
        begin = start_of(request)
        starts.append(begin)
        if begin:
            tls.sendall(part(data, begin))
        else:
            tls.sendall(whole(data)[:9000])
            if goodbye:
                tls.unwrap()

    server = start(speaking(identity.context(version, version), serve))
    assert asked(box, server) == "+OK set-1 is in use" and found(box)
    assert starts[0] == 0 and 8900 < starts[1] < 9000 and len(starts) == 2


def test_who_is_refused(box, start, tmp_path, authority, identity):
    """Each in words; nothing was asked of any of them."""
    requests = []

    def never(tls, request):
        requests.append(request)

    def refused(why, context, also=""):
        server = start(speaking(context, never))
        for version in (V1_2, V1_3):
            if context.minimum_version <= version <= context.maximum_version:
                context.minimum_version = context.maximum_version = version
                text = asked(box, server)
                assert why in text and also in text, (version, text)
                context.minimum_version, context.maximum_version = V1_2, V1_3

    stranger = Authority("Somebody else")
    of_stranger = Identity(tmp_path / "stranger", stranger)
    refused("nobody that the box trusts issued it, but CN=Somebody else", of_stranger.context())
    # A CA of the same name, with another key.
    refused("nobody that the box trusts", Identity(tmp_path / "false", Authority()).context())
    refused("has expired", Identity(tmp_path / "old", authority, days=(-9, -1)).context())
    future = Identity(tmp_path / "future", authority, days=(1, 9))
    refused("not valid yet by the box's clock", future.context())
    other = Identity(tmp_path / "other", authority, names=[x509.DNSName("other.example")])
    refused("it is not for 127.0.0.1", other.context())
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.2"))]
    next_to_it = Identity(tmp_path / "next-to-it", authority, names=names)
    refused("it is not for 127.0.0.1", next_to_it.context())
    # An address that is only written as a name; a certificate that says nothing of names.
    as_name = Identity(tmp_path / "as-name", authority, names=[x509.DNSName("127.0.0.1")])
    refused("it is not for 127.0.0.1", as_name.context())
    refused("it is not for 127.0.0.1", Identity(tmp_path / "none", authority, names=[]).context())
    both = Identity(
        tmp_path / "both", stranger, names=[x509.DNSName("other.example")], days=(-9, -1)
    )
    refused("it is not for 127.0.0.1", both.context(), "has expired")
    # A server's own certificate cannot vouch for another one.
    between = Authority("No authority", above=authority)
    between.certificate = authority.issue(between.name, between.key)
    chain = Identity(tmp_path / "chain", between, more=[between.certificate])
    refused("nobody that the box trusts", chain.context())
    assert not requests
    assert asked(box, start(speaking(identity.context(), good))).endswith(AND_SO)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_protocols_and_what_is_no_tls(box, start, identity):
    old = identity.context(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
    text = asked(box, start(speaking(old, good)))
    assert "protocol version" in text or "too old" in text, text
    # A server that answers with TLS 1.1 whatever it is asked.
    hello = bytes.fromhex("0302") + bytes(32) + b"\0" + bytes.fromhex("c02b") + b"\0"
    message = b"\2" + len(hello).to_bytes(3, "big") + hello
    answer = b"\x16\3\2" + len(message).to_bytes(2, "big") + message
    text = asked(box, start(lambda peer: (peer.recv(4096), peer.sendall(answer), peer.recv(1))))
    assert "too old" in text, text
    plain = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    text = asked(box, start(lambda peer: (peer.recv(4096), peer.sendall(plain), peer.recv(1))))
    assert "is no TLS" in text, text
    text = asked(box, start(lambda peer: peer.recv(4096)))
    assert "closed the connection" in text, text
    text = asked(box, start(lambda peer: (peer.recv(4096), peer.sendall(b"\x15\3\3\0\2\2\x28"))))
    assert "alert 40" in text, text


def test_slow_and_silent_handshakes_end_and_mail_goes_on(box, start, identity):
    """FAULTS 25, 67."""
    over = threading.Event()
    silent = start(lambda peer: over.wait(30))
    text = asked(box, silent)
    assert "the TLS handshake took too long" in text, text
    assert not found(box)
    slow = in_pieces(identity.context(), lambda request: GOOD, 1, lambda: time.sleep(0.05))
    text = asked(box, start(slow))
    assert "the TLS handshake took too long" in text, text
    over.set()
    # Octet by octet, as fast as it goes: that is good.
    for version in (V1_2, V1_3):
        server = start(in_pieces(identity.context(version, version), lambda request: GOOD, 1))
        assert asked(box, server).endswith(AND_SO)


def test_pins(box, start, tmp_path, authority):
    """A private CA, or one server, by its key; the public CAs count no more."""
    private = Authority("Company CA")
    between = Authority("Company CA 2", above=private)
    more = [between.certificate, private.certificate]
    chain = Identity(tmp_path / "chain", between, more=more)
    server = start(speaking(chain.context(), good))
    assert pin(private.certificate) in asked(box, server)  # what a pin would be, for who knows it
    for each in (private.certificate, between.certificate, chain.certificate):
        box.configure(f"set updates pin {'0' * 64},{pin(each)}")
        assert box.poll().endswith(AND_SO)
    short = Identity(tmp_path / "short", between)  # which does not send who issued it
    lonely = start(speaking(short.context(), good))
    assert "nobody that the box trusts" in asked(box, lonely)
    box.configure(f"set updates pin {pin(short.certificate)}")
    assert box.poll().endswith(AND_SO)
    # The list of public CAs, and the name and the dates.
    box.configure(f"set updates pin {pin(private.certificate)}")
    public = Identity(tmp_path / "public", authority, more=[authority.certificate])
    assert "nobody that the box trusts" in asked(box, start(speaking(public.context(), good)))
    elsewhere = [x509.DNSName("other.example")]
    other = Identity(tmp_path / "other", between, names=elsewhere, more=more)
    assert "it is not for" in asked(box, start(speaking(other.context(), good)))
    old = Identity(tmp_path / "old", between, more=more, days=(-9, -1))
    assert "has expired" in asked(box, start(speaking(old.context(), good)))
    # Who only shows the pinned certificate, and has not got its key to sign with.
    thief = Authority("Company CA 2", above=private)
    stolen = Identity(tmp_path / "stolen", thief, more=more)
    text = asked(box, start(speaking(stolen.context(), good)))
    assert "nobody that the box trusts" in text, text


def test_chains_that_are_long_or_large(box, start, tmp_path, authority):
    above, chain = authority, []
    for n in range(9):
        above = Authority(f"CA {n}", above=above, curve=ec.SECP256R1())
        chain.insert(0, above.certificate)
        if n == 4:
            five = Identity(tmp_path / "five", above, more=list(chain))
    assert asked(box, start(speaking(five.context(), good))).endswith(AND_SO)
    nine = Identity(tmp_path / "nine", above, more=list(chain))
    text = asked(box, start(speaking(nine.context(), good)))
    assert "cannot be read, or are too many" in text, text
    # A message of TLS that is longer than what the box has room for.
    large = Identity(tmp_path / "large", authority, length=15000)
    assert asked(box, start(speaking(large.context(), good))).endswith(AND_SO)
    for length in (17000, 60000):
        large = Identity(tmp_path / f"large-{length}", authority, length=length)
        for version in (V1_2, V1_3):
            text = asked(box, start(speaking(large.context(version, version), good)))
            assert "404" not in text and "TLS" in text or "too many" in text, (version, text)
    # Many small ones: memory has its bound.
    many = Identity(tmp_path / "many", authority, more=[above.certificate] * 30)
    text = asked(box, start(speaking(many.context(), good)))
    assert "too large" in text or text.endswith(AND_SO), text


@pytest.mark.parametrize("version", [V1_2, V1_3])
def test_damage_and_endings_in_the_midst(box, start, identity, version):
    """An alert, a damaged record, a cut without goodbye where the length is not known."""
    context = identity.context(version, version)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n"

    def damaged(tls, raw):
        tls.sendall(head + bytes(1000))
        raw.sendall(b"\x17\3\3\0\x40" + bytes(64))
        raw.recv(1)

    def cut(tls, raw):
        tls.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")

    def both(then):
        def answer(peer):
            with peer.dup() as raw, context.wrap_socket(peer, server_side=True) as tls:
                raw.settimeout(30)
                tls.recv(4096)
                then(tls, raw)

        return answer

    text = asked(box, start(both(damaged)))
    assert "is no TLS, or damaged" in text, text
    text = asked(box, start(both(cut)))
    assert "without TLS's goodbye" in text, text
    part_of_it = in_pieces(context, lambda request: head + bytes(100), 65536, alert=True)
    text = asked(box, start(part_of_it))
    assert "it ended TLS: bad record (alert 20)" in text, text
    # One octet in each record is an answer like others.
    server = start(in_pieces(context, lambda request: GOOD, 65536, record=1))
    assert asked(box, server).endswith(AND_SO)


def test_without_a_clock_it_waits(box, start, identity):
    """A certificate cannot be judged; http can be asked, bundles have their own dates."""
    server = start(speaking(identity.context(), good))
    plain = Scripted()
    try:
        box.clock_is_set(False)
        text = asked(box, server)
        assert "it waits: https needs the time" in text, text
        assert not server.connections
        assert asked(box, plain).endswith(AND_SO)
        plain.answers["index"] = moved(server.url + "index")
        assert "it waits: https needs the time" in asked(box, plain)
        assert not server.connections
        box.clock_is_set()
        assert box.poll().endswith(AND_SO)
        assert server.connections == 1
        down = speaking(identity.context(), lambda tls, request: tls.sendall(moved(plain.url)))
        assert "redirects from https to http" in asked(box, start(down))
    finally:
        plain.stop()


def test_a_list_of_cas_that_is_damaged_or_gone(box, start, identity, authority):
    server = start(speaking(identity.context(), good))
    for octets in (b"", b"RSTROOTS", authority.roots()[:-9], b"x" * 100):
        box.set_roots(octets)
        assert "list of public CAs cannot be used" in asked(box, server)
    empty = b"RSTROOTS" + bytes(4)
    box.set_roots(empty)
    assert "nobody that the box trusts" in asked(box, server)


def test_the_certificates_of_this_test_are_read_by_others(authority, identity):
    """Else the refusals above would prove nothing."""
    context = ssl.create_default_context(cadata=pem(authority.certificate).decode())
    server = Raw(speaking(identity.context(), good))
    try:
        plain = socket.create_connection((HOST, server.port))
        with context.wrap_socket(plain, server_hostname=HOST) as tls:
            tls.sendall(b"\r\n\r\n")
            assert tls.recv(100) == GOOD
    finally:
        server.stop()
