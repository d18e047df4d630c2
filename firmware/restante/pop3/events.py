"""What the two engines can say: small integers, so that an event costs no memory.  Pure."""

from restante.compat import const

NEED_DATA = const(0)  # nothing more until receive() or filled() brings octets

# ServerEngine, about the client
COMMAND = const(1)  # a valid command: .command .argument .number .count .outgoing
CONTINUATION = const(2)  # a line of a SASL exchange: .argument, "*" if it was not .acceptable
REFUSED = const(3)  # not acceptable: send .reply; nothing else changes

# ClientEngine, about the origin
REPLY = const(4)  # the first line of an answer: .ok .line
CHALLENGE = const(5)  # a SASL challenge: .line, which begins with "+"
LINE = const(6)  # a line of a listing, unstuffed: .line
CHUNK = const(7)  # octets of a body in wire form: .chunk[.chunk_start:.chunk_end]
END = const(8)  # a listing or body is complete
