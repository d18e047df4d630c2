"""Module _crypto, or the plain Python that stands for it on CPython.  Also on MicroPython.

Vectors: draft-irtf-cfrg-xchacha-03 appendix A.3.1 (sealing), RFC 7693 §2.9 by way of hashlib.
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
