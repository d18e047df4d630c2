"""Module _crypto, or the plain Python that stands for it on CPython.  Also on MicroPython.

Vectors: draft-irtf-cfrg-xchacha-03 appendix A.3.1 (sealing), RFC 7693 appendix A and §2.9 by way
of hashlib, RFC 8032 §7.1 (Ed25519).
"""

try:
    import _crypto as crypto
except ImportError:  # CPython
    import crypto_reference as crypto


def octets(text):
    return bytes(int(text[i : i + 2], 16) for i in range(0, len(text), 2))


KEY = bytes(range(0x80, 0xA0))
NONCE = bytes(range(0x40, 0x58))
ASSOCIATED = octets("50515253c0c1c2c3c4c5c6c7")
PLAIN = (
    b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
    b"future, sunscreen would be it."
)
SEALED = octets(
    "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39"
    "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
    "21f9664c97637da9768812f615c68b13b52e"
)
TAG = octets("c0875924c1c7987947deafd8780acf49")


def refused(call, *arguments):
    try:
        call(*arguments)
    except ValueError as error:
        return str(error)
    raise AssertionError("accepted")


def test_published_vector():
    assert crypto.seal(KEY, NONCE, ASSOCIATED, PLAIN) == SEALED + TAG
    assert crypto.open(KEY, NONCE, ASSOCIATED, SEALED + TAG) == PLAIN


def test_nothing_else_opens_it():
    sealed = SEALED + TAG
    for place in range(len(sealed)):
        other = bytearray(sealed)
        other[place] ^= 1
        refused(crypto.open, KEY, NONCE, ASSOCIATED, bytes(other))
    for n in (0, 15, 16, len(sealed) - 1):
        refused(crypto.open, KEY, NONCE, ASSOCIATED, sealed[:n])
    refused(crypto.open, KEY, NONCE, ASSOCIATED + b"x", sealed)
    refused(crypto.open, KEY, NONCE, b"", sealed)
    refused(crypto.open, bytes(32), NONCE, ASSOCIATED, sealed)
    refused(crypto.open, KEY, bytes(24), ASSOCIATED, sealed)


def test_lengths_of_key_and_nonce():
    for key in (KEY[1:], KEY + b"x", b""):
        refused(crypto.seal, key, NONCE, b"", b"")
        refused(crypto.open, key, NONCE, b"", bytes(16))
    for nonce in (NONCE[1:], NONCE + b"x", b""):
        refused(crypto.seal, KEY, nonce, b"", b"")


def test_nothing_at_all_can_be_sealed():
    sealed = crypto.seal(KEY, NONCE, b"", b"")
    assert len(sealed) == 16 and crypto.open(KEY, NONCE, b"", sealed) == b""


def test_derived_keys():
    # hashlib.blake2b(b"purpose", key=KEY, digest_size=32)
    expected = octets(EXPECTED)
    assert crypto.derive(KEY, b"purpose") == expected
    assert crypto.derive(KEY, b"purposf") != expected
    assert crypto.derive(bytes(32), b"purpose") != expected
    assert len(crypto.derive(KEY, b"x" * 1000)) == 32


EXPECTED = "dd41aac5948fe1eb697e91d095419b8eeebb832b30dcc51af32382fe785d0d7f"


def test_random_octets_differ():
    assert len(crypto.random(1)) == 1 and len(crypto.random(256)) == 256
    assert len({crypto.random(24) for _ in range(1000)}) == 1000


def test_same():
    assert crypto.same(b"", b"") and crypto.same(b"abc", bytearray(b"abc"))
    for other in (b"", b"ab", b"abx", b"Abc", b"abcd"):
        assert not crypto.same(b"abc", other)


def test_hash_of_abc():
    assert crypto.hash512(b"abc") == octets(ABC)
    assert crypto.hash512(b"") != crypto.hash512(b"\0") and len(crypto.hash512(bytes(1000))) == 64


# RFC 7693 appendix A
ABC = (
    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
    "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"
)
# RFC 8032 §7.1, tests 1 to 3: public key, message, signature
ED25519 = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
)


def test_published_signatures():
    for public, message, signature in ED25519:
        assert crypto.verify(octets(public), octets(signature), octets(message))
        assert not crypto.verify(octets(public), octets(signature), octets(message) + b"x")
        assert not crypto.verify(octets(ED25519[0][0]), octets(signature), b"other")


def test_one_wrong_bit_of_a_signature():
    public, message, signature = [octets(text) for text in ED25519[2]]
    for at in range(512):
        other = bytearray(signature)
        other[at >> 3] ^= 1 << (at & 7)
        assert not crypto.verify(public, other, message)
    for at in range(256):
        other = bytearray(public)
        other[at >> 3] ^= 1 << (at & 7)
        assert not crypto.verify(other, signature, message)


def test_a_signature_has_one_spelling():
    # s + L instead of s: the same equation, refused by RFC 8032 §5.1.7.
    public, message, signature = [octets(text) for text in ED25519[1]]
    order = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(signature[32:], "little") + order
    assert not crypto.verify(public, signature[:32] + s.to_bytes(32, "little"), message)


def test_lengths_of_signature_and_public_key():
    public, message, signature = [octets(text) for text in ED25519[1]]
    for wrong in (signature[1:], signature + b"x", b""):
        refused(crypto.verify, public, wrong, message)
    for wrong in (public[1:], public + b"x", b""):
        refused(crypto.verify, wrong, signature, message)
