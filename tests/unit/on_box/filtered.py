"""What a program does in a day, behind its filter: `filtered.py PROFILE`.  MicroPython only."""

import asyncio
import hashlib
import json
import os
import socket
import sys
import time

import _crypto
import _sys
from restante import loop
from restante.console import terminal

TMP = os.getenv("RESTANTE_TMP") + "/"


async def sockets(address, path):
    client = socket.socket()
    client.setblocking(False)
    try:
        client.connect(address)
    except OSError as error:
        assert error.errno == 115  # EINPROGRESS
    await loop.writable(client.fileno(), 5000)
    assert _sys.so_error(client.fileno()) == 0
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    _sys.peername(client.fileno())
    _sys.sockname(client.fileno())
    fd = _sys.unix_connect(path)
    _sys.set_nonblocking(fd)
    _sys.write(fd, b"hello", 0, 5)
    return client, fd


async def store(helper):
    _sys.mkdir(TMP + "store", 0o700)
    fd = _sys.open(TMP + "store/new", _sys.O_RDWR | _sys.O_CREAT | _sys.O_EXCL)
    _sys.write(fd, b"message" * 1000, 0, 7000)
    await helper.fsync(fd)
    await helper.rename(TMP + "store/new", TMP + "store/kept")
    await helper.fsync_dir(TMP + "store")
    assert await helper.sha256(fd) == hashlib.sha256(b"message" * 1000).digest()
    assert _sys.listdir(TMP + "store") == ["kept"]
    assert os.listdir(TMP + "store") == ["kept"]
    _sys.ftruncate(fd, 100)
    assert _sys.fsize(fd) == 100 and _sys.stat(TMP + "store/kept")[3] == 100
    assert _sys.free_octets(TMP) > 0
    os.rename(TMP + "store/kept", TMP + "store/renamed")
    await helper.unlink(TMP + "store/renamed")
    with open(TMP + "store/text", "w") as file:
        json.dump({"a": 1}, file)
    with open(TMP + "store/text") as file:
        assert json.load(file) == {"a": 1}
    os.remove(TMP + "store/text")
    return fd


async def gate(listening, address, path, helper):
    client, control = await sockets(address, path)
    await loop.readable(listening.fileno(), 5000)
    server, _ = listening.accept()
    fd = await store(helper)
    assert len(await helper.argon2("password", bytes(16))) == 32
    assert _sys.sendfile(server.fileno(), fd, 0, 100) == 100
    await loop.readable(client.fileno(), 5000)
    assert len(client.recv(200)) == 100
    _sys.shutdown(server.fileno(), 2)
    server.close()
    _sys.send_fd(control, b"data", fd)


async def console(path):
    fd = _sys.unix_connect(path)
    _sys.set_nonblocking(fd)
    await loop.writable(fd, 1000)
    _sys.write(fd, b"show status\n", 0, 12)
    try:
        await loop.readable(fd, 20)
    except OSError as error:
        assert error.errno == 110


def cable():
    try:
        terminal.modem_lines(0)  # this is no tty, but the question is allowed
    except OSError as error:
        assert error.errno == 25  # ENOTTY


async def signal(fd):
    print("ready")  # the runner sends SIGHUP now
    await loop.readable(fd, 20000)
    buf = bytearray(8)
    assert _sys.read(fd, buf, 0, 8) == 1 and buf[0] == 1


def everyday():
    assert len(os.urandom(16)) == 16
    assert len(_crypto.random(24)) == 24
    assert time.time() > 1577836800 and time.gmtime()[0] >= 2020
    large = [bytearray(100000) for _ in range(5)]
    assert len(large) == 5
    try:
        raise ValueError("shown")
    except ValueError as error:
        sys.print_exception(error)
    print("text")


def main():
    time.gmtime()  # glibc reads its time zone file the first time, musl has none
    path = TMP + "control.sock"
    control = _sys.unix_listen(path, 0o600, 4)
    signals = _sys.signals()
    if sys.argv[1] == "gate":
        helper = loop.Helper()
        listening = socket.socket()
        listening.bind(socket.getaddrinfo("127.0.0.1", 0)[0][-1])
        listening.listen(5)
        port = _sys.sockname(listening.fileno())[1]
        address = socket.getaddrinfo("127.0.0.1", port)[0][-1]
        _sys.seccomp("gate")
        asyncio.run(gate(listening, address, path, helper))
        _sys.close(_sys.accept(control))
    else:
        _sys.seccomp("console")
        asyncio.run(console(path))
        cable()
    asyncio.run(signal(signals))
    everyday()
    print("passed")


main()
