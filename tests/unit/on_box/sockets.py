"""_sys: sockets by descriptor.  Runs on MicroPython only."""

import errno
import os
import select
import socket

import _sys
from files import new, raises

TMP = os.getenv("RESTANTE_TMP") + "/"


def tcp_pair():
    """(listening, client, server): sockets."""
    listening = socket.socket()
    listening.bind(socket.getaddrinfo("127.0.0.1", 0)[0][-1])
    listening.listen(1)
    client = socket.socket()
    address, port = _sys.sockname(listening.fileno())
    client.connect(socket.getaddrinfo(address, port)[0][-1])
    return listening, client, listening.accept()[0]


def unix_pair(name, seq=True):
    """(listening, client, server): descriptors."""
    listening = _sys.unix_listen(TMP + name, 0o600, 4, seq=seq)
    client = _sys.unix_connect(TMP + name, seq=seq)
    return listening, client, _sys.accept(listening)


def test_addresses():
    listening, client, server = tcp_pair()
    assert _sys.sockname(server.fileno()) == _sys.peername(client.fileno())
    assert _sys.peername(server.fileno()) == _sys.sockname(client.fileno())
    assert _sys.sockname(client.fileno())[0] == "127.0.0.1"


def test_addresses_of_other_things():
    raises(errno.ENOTCONN, _sys.peername, socket.socket().fileno())
    raises(errno.EAFNOSUPPORT, _sys.sockname, unix_pair("named")[0])


def test_original_destination_of_a_connection_that_nobody_redirected():
    server = tcp_pair()[2].fileno()
    try:
        found = _sys.original_dst(server)
    except OSError as error:
        assert error.errno in (errno.ENOENT, 92)  # ENOPROTOOPT: the kernel does not track
        return
    assert found == _sys.sockname(server)


def test_would_block_is_none():
    _, client, server = unix_pair("block")
    assert _sys.read(server, bytearray(4), 0, 4) is None
    sent = 0
    while _sys.write(client, bytes(4096), 0, 4096) is not None:
        sent += 1
    assert sent > 0
    assert _sys.read(server, bytearray(4096), 0, 4096) == 4096


def test_accept_nobody_is_none():
    listening = _sys.unix_listen(TMP + "nobody", 0o600, 4)
    assert _sys.accept(listening) is None


def test_shutdown_and_end():
    _, client, server = unix_pair("end", seq=False)
    _sys.write(client, b"last", 0, 4)
    _sys.shutdown(client, 1)
    buf = bytearray(8)
    assert _sys.read(server, buf, 0, 8) == 4
    assert _sys.read(server, buf, 0, 8) == 0
    raises(errno.EPIPE, _sys.write, client, b"x", 0, 1)


def test_listening_replaces_a_stale_socket_only():
    for _ in range(2):
        _sys.close(_sys.unix_listen(TMP + "stale", 0o640, 4))
    assert _sys.stat(TMP + "stale")[0] & 0o777 == 0o640
    _sys.close(new("file"))
    raises(errno.EADDRINUSE, _sys.unix_listen, TMP + "file", 0o600, 4)
    raises(36, _sys.unix_listen, TMP + "x" * 200, 0o600, 4)  # ENAMETOOLONG
    raises(errno.ENOENT, _sys.unix_connect, TMP + "missing")


def test_kinds_do_not_mix():
    _sys.unix_listen(TMP + "kind", 0o600, 4, seq=True)
    raises(91, _sys.unix_connect, TMP + "kind")  # EPROTOTYPE


def test_packets_stay_whole():
    _, client, server = unix_pair("packets")
    _sys.write(client, b"one", 0, 3)
    _sys.write(client, b"two!", 0, 4)
    buf = bytearray(16)
    assert _sys.read(server, buf, 0, 16) == 3
    assert _sys.read(server, buf, 0, 16) == 4


def test_send_fd():
    _, client, server = unix_pair("rights")
    fd = new("sent", b"content")
    before = len(_sys.listdir("/proc/self/fd"))
    assert _sys.send_fd(client, b"data", fd) == 4
    buf = bytearray(8)
    # read(2) takes the data and lets the descriptor go.
    assert _sys.read(server, buf, 0, 8) == 4 and buf[:4] == b"data"
    assert len(_sys.listdir("/proc/self/fd")) == before
    raises(errno.EBADF, _sys.send_fd, client, b"data", 999)
    assert _sys.send_fd(client, b"two", fd, fd) == 3
    assert _sys.read(server, buf, 0, 8) == 3 and buf[:3] == b"two"
    assert len(_sys.listdir("/proc/self/fd")) == before
    raises(errno.EBADF, _sys.send_fd, client, b"data", fd, 999)


def test_so_error():
    sock = socket.socket()
    sock.setblocking(False)
    _sys.set_nonblocking(sock.fileno())
    # Port 1 of this machine: nobody is there.
    raises(errno.EINPROGRESS, sock.connect, socket.getaddrinfo("127.0.0.1", 1)[0][-1])
    poller = select.poll()
    poller.register(sock.fileno(), select.POLLOUT)
    assert poller.poll(5000)
    assert _sys.so_error(sock.fileno()) == errno.ECONNREFUSED
