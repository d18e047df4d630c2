"""IPv4 addresses as the sockets of MicroPython take them.  Pure: no resolver is asked."""


def sockaddr(address, port):
    """struct sockaddr_in of "192.0.2.1" and a port."""
    octets = bytes([int(part) for part in address.split(".")])
    return b"\2\0" + bytes((port >> 8, port & 255)) + octets + bytes(8)


def is_address(text):
    parts = text.split(".")
    return len(parts) == 4 and all(p.isdigit() and len(p) <= 3 and int(p) < 256 for p in parts)
