"""A planted secret as it may stand in a file or an answer: what promise 8 is searched for."""

import base64


def disguises(secret):
    """Plain, hexadecimal, base64 at three alignments."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + secret)
        # Characters at both ends also hold bits of what stands beside the secret.
        yield text[4 if shift else 0 : (shift + len(secret)) * 8 // 6 // 4 * 4]


def found_in(data, secret):
    return [disguise for disguise in disguises(secret) if disguise in data]
