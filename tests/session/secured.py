"""Certificates of a CA of our own, and servers that speak TLS: good ones, and others."""

import datetime
import hashlib
import ipaddress
import socket
import ssl
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from restante_tools.build import roots

SECONDS = 30
HOST = "127.0.0.1"
DAY = datetime.timedelta(days=1)


def a_name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """A CA; `above`: the one that issued it, None: it is a root."""

    def __init__(self, name="Lab CA", above=None, curve=None, days=(-1, 2)):
        self.name = a_name(name)
        self.key = ec.generate_private_key(curve or ec.SECP384R1())
        self.above = above
        self.certificate = (above or self).issue(self.name, self.key, authority=True, days=days)

    def issue(self, subject, key, names=(), authority=False, days=(-1, 2), length=0):
        """A certificate; `days`: it is valid from and until; `length`: of what it says more."""
        now = datetime.datetime.now(datetime.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + days[0] * DAY)
            .not_valid_after(now + days[1] * DAY)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if names:
            made = made.add_extension(x509.SubjectAlternativeName(list(names)), critical=False)
        if length:
            text = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(length))
            made = made.add_extension(text, critical=False)
        return made.sign(self.key, hashes.SHA384())

    def roots(self):
        """The box's file of roots, with this one alone."""
        return roots.packed([der(self.certificate)])


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def pin(certificate):
    """SHA-256 of its public key, as updates pin wants it."""
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    key = certificate.public_key().public_bytes(serialization.Encoding.DER, spki)
    return hashlib.sha256(key).hexdigest()


class Identity:
    """A server's chain and key as files in `folder`."""

    def __init__(self, folder, authority, names=None, rsa_key=False, more=(), **options):
        folder.mkdir(parents=True, exist_ok=True)
        if names is None:
            names = [x509.IPAddress(ipaddress.ip_address(HOST))]
        key = ec.generate_private_key(ec.SECP256R1())
        if rsa_key:
            key = rsa.generate_private_key(65537, 2048)
        self.certificate = authority.issue(a_name("a server"), key, names, **options)
        self.chain, self.key = folder / "chain.pem", folder / "key.pem"
        self.chain.write_bytes(b"".join(pem(each) for each in (self.certificate, *more)))
        form = serialization.PrivateFormat.PKCS8
        nothing = serialization.NoEncryption()
        self.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, nothing))

    def context(self, lowest=ssl.TLSVersion.TLSv1_2, highest=ssl.TLSVersion.TLSv1_3):
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.minimum_version, made.maximum_version = lowest, highest
        made.set_ciphers("ALL:@SECLEVEL=0")
        made.load_cert_chain(self.chain, self.key)
        return made


class Raw:
    """A server of octets: answer(peer) gets each connection, in a thread of its own."""

    def __init__(self, answer):
        self.answer = answer
        self.connections = 0
        self._listening = socket.create_server((HOST, 0))
        self.port = self._listening.getsockname()[1]
        self._ended = False
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def url(self):
        return f"https://{HOST}:{self.port}/"

    def _serve(self):
        while True:
            peer, _ = self._listening.accept()
            if self._ended:
                peer.close()
                return
            self.connections += 1
            threading.Thread(target=self._one, args=(peer,), daemon=True).start()

    def _one(self, peer):
        peer.settimeout(SECONDS)
        with peer:
            try:
                self.answer(peer)
            except OSError:
                return  # the box has gone away; ssl's errors are such, too

    def stop(self):
        self._ended = True
        socket.create_connection((HOST, self.port)).close()
        self._thread.join(SECONDS)
        self._listening.close()


def speaking(context, then):
    """An answer of Raw: TLS, a request, then(tls, request)."""

    def answer(peer):
        with context.wrap_socket(peer, server_side=True) as tls:
            request = b""
            while not request.endswith(b"\r\n\r\n"):
                piece = tls.recv(4096)
                if not piece:
                    return
                request += piece
            then(tls, request)

    return answer


def in_pieces(context, then, size, pause=None, record=16384, alert=False):
    """As speaking, but what the server sends goes out in pieces of `size` octets, each its own
    segment; `pause()` is called between them.  Records of the answer have `record` octets; with
    `alert` the server ends with one, as if what came were damaged."""

    def answer(peer):
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)

        def flush():
            data = outgoing.read()
            for at in range(0, len(data), size):
                peer.sendall(data[at : at + size])
                if pause:
                    pause()

        def done(work, *arguments):
            while True:
                try:
                    result = work(*arguments)
                    flush()
                    return result
                except ssl.SSLWantReadError:
                    flush()
                    data = peer.recv(65536)
                    if not data:
                        raise ConnectionError from None
                    incoming.write(data)

        done(tls.do_handshake)
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            request += done(tls.read, 4096)
        text = then(request)
        for at in range(0, len(text), record):
            done(tls.write, text[at : at + record])
        if alert:
            incoming.write(b"\x17\3\3\0\x20" + bytes(32))
            try:
                tls.read(1)
            except ssl.SSLError:
                flush()

    return answer
