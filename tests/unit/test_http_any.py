"""Any octets at all, cut in any way: an HTTP answer is read the same, or is a ProtocolError."""

from hypothesis import given
from hypothesis import strategies as st
from restante.errors import ProtocolError
from restante.update import http, index
from restante.update.fault import BundleError
from test_polling_any import CHUNKED, SIMPLE, answered, head, part

SEEDS = [
    SIMPLE,
    CHUNKED,
    head(status="100 Continue") + SIMPLE,
    part("bytes 10-14/15"),
    head('ETag: W/"x"', "Location: /a", status="304 Not Modified"),
    head("Transfer-Encoding: chunked") + b"a;b=c\r\n0123456789\r\n0\r\nA: b\r\n\r\n",
]


@st.composite
def mutated(draw):
    """A good answer with a few octets changed, taken out or put in."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        put = draw(st.sampled_from([b"", b"\r\n", b":", b"0", b"9", b"\0", b" ", b"HTTP/1.1 "]))
        data[at : at + draw(st.integers(0, 3))] = put
    return bytes(data)


def outcome(data, cut, start):
    try:
        status, content, response = answered(data, cut, start=start)
    except ProtocolError as error:
        return str(error)
    assert len(content) <= 100
    return status, content, response.fields, response.etag


@given(st.binary(max_size=300), st.integers(1, 40))
def test_any_octets(data, cut):
    assert outcome(data, cut, 0) == outcome(data, 64, 0)
    assert outcome(SIMPLE[:30] + data, cut, 0) == outcome(SIMPLE[:30] + data, 64, 0)


@given(mutated(), st.integers(1, 40), st.sampled_from([0, 10]))
def test_however_it_is_cut(data, cut, start):
    assert outcome(data, cut, start) == outcome(data, 10**9, start)


@given(st.text(max_size=60), st.sampled_from(["http", "https"]))
def test_any_redirect(location, scheme):
    try:
        to = http.redirected(scheme + "://a.example/b/", location)
    except ProtocolError:
        return
    assert to.lower().startswith((scheme + "://", "https://"))
    http.request(to, "x").decode("ascii")


@given(st.binary(max_size=200))
def test_any_index(data):
    for some in (data, b"restante-index=1\n" + data):
        try:
            assert index.write(index.parse(some)) == some
        except BundleError:
            continue
