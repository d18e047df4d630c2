"""Why TLS failed, in words.  Also on MicroPython."""

from restante.relay import tlsfaults as faults

KEY = bytes(range(32))


def of(fault, number=0, issuer=b"", key=KEY):
    return faults.words((fault, number, issuer, key), "a.example")


def test_each_fault_has_words_of_its_own():
    said = [of(fault, 1) for fault in range(1, 10)]
    assert len(set(said)) == 9
    assert "has expired" in said[0] and "too old" in said[2] and "goodbye" in said[4]
    assert "is no TLS" in said[8] and "is no TLS" in of(99)


def test_all_that_is_wrong_with_a_certificate_is_said():
    flags = faults.EXPIRED | faults.OTHER_NAME | faults.UNTRUSTED | faults.FUTURE
    text = of(faults.CERTIFICATE, flags | 0x8000, b"CN=Lab CA")
    for part in ("not for a.example", "has expired", "not valid yet", "but CN=Lab CA", "too weak"):
        assert part in text, part
    assert "000102030405" in text and text.count("; ") == 4
    assert "flags 100" in of(faults.CERTIFICATE, 0x100)
    assert ", but" not in of(faults.CERTIFICATE, faults.UNTRUSTED)


def test_nothing_of_a_stranger_reaches_the_terminal_as_it_is():
    text = of(faults.CERTIFICATE, faults.UNTRUSTED, b"CN=\x1b[2J\r\n\xe9" + b"x" * 500)
    assert "CN=?[2J???" in text and len(text) < 300


def test_alerts():
    assert "protocol version" in of(faults.ALERT, 70)
    assert "(alert 255)" in of(faults.ALERT, 255)
