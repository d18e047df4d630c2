"""`restante console PORT` on a terminal of its own, the real console program on the other end."""

import os
import re
import select
import socket
import termios
import threading

import pytest
from noisy_line import NoisyLine
from serial_console import SECONDS, Console
from window import Terminal

LOCAL = 3


@pytest.fixture
def line(console):
    console.ready()
    line = NoisyLine(console.master)
    line.console = console
    yield line
    line.close()


@pytest.fixture
def terminal():
    opened = []

    def start(*words, env=None):
        opened.append(Terminal(*words, env=env))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


class Crossed:
    """What crossed the line, and a word when it is all of it."""

    def __init__(self, count):
        self.octets = bytearray()
        self.whole = threading.Event()
        self._count = count

    def take(self, octets):
        self.octets += octets
        if len(self.octets) >= self._count:
            self.whole.set()


def works(terminal):
    terminal.type(b"\x03ping\r")
    terminal.until(rb"ping\r\r?\n\+OK ?\r")


def test_it_types_shows_and_leaves_the_terminal_as_it_was(terminal, line):
    shell = terminal(line.port)
    shell.until(rb"attached to [^\n]*Ctrl-\] leaves")
    shell.until(rb"> ")
    assert not termios.tcgetattr(shell.slave)[LOCAL] & (termios.ECHO | termios.ICANON)
    shell.type(b"show status\r")
    assert b"\r\nmemory " in shell.until(rb"alarms +none")
    shell.type(b"\x1d")
    assert shell.ended() == 0


def test_ctrl_c_is_the_boxs_and_every_octet_crosses(terminal, line, stand):
    shell = terminal("--baud", "115200", line.port)
    shell.until(rb"> ")
    shell.type(b"self-test\r")
    stand.heard("self-test")
    shell.type(b"\x03")
    shell.until(rb"-ERR given up")
    octets = bytes(octet for octet in range(256) if octet != 0x1D)
    crossed = Crossed(len(octets))
    line.seen = crossed.take
    shell.type(octets)
    assert crossed.whole.wait(SECONDS), bytes(crossed.octets)
    # Flow control is the driver's: XON and XOFF may be taken by the terminal, nothing else.
    assert bytes(crossed.octets) == octets
    works(shell)
    shell.type(b"\x1d")
    assert shell.ended() == 0


def test_a_thousand_pasted_lines_and_one_of_64_kilobytes(terminal, line):
    shell = terminal(line.port)
    shell.until(rb"> ")
    shell.type(b"".join(b"quarantine show x%d\n" % n for n in range(1000)))
    shown = shell.until(rb"-ERR no held message 'x999'")
    assert re.findall(rb"-ERR no held message 'x(\d+)'", shown) == [b"%d" % n for n in range(1000)]
    shell.type(b"reboot yes" + b" " * 65536 + b"\r")
    shell.until(rb"-ERR not run: the line is over 4200 octets")
    works(shell)
    shell.type(b"\x1d")
    assert shell.ended() == 0


def test_a_signal_and_a_device_that_goes_away_give_the_terminal_back(terminal, stand):
    console = Console(stand.run)
    console.ready()
    line = NoisyLine(console.master)
    try:
        shell = terminal(line.port)
        shell.until(rb"> ")
        shell.process.terminate()
        assert shell.ended() == 130
        again = terminal(line.port)
        again.until(rb"> ")
    finally:
        line.close()
    again.until(rb"is gone: ")
    again.until(rb"next step:")
    assert again.ended() == 4
    console.close()


def test_what_another_program_has_is_not_shared(terminal, line):
    shell = terminal(line.port)
    shell.until(rb"> ")
    second = terminal(line.port)
    second.until(rb"another program has it")
    assert second.ended() == 4
    works(shell)


def test_over_a_network_socket_and_by_the_environment(terminal, line):
    """As behind ser2net."""
    server = socket.create_server(("127.0.0.1", 0))
    near = os.open(line.port, os.O_RDWR | os.O_NOCTTY)

    def serve():
        peer, _ = server.accept()
        with peer:
            while True:
                ready, _, _ = select.select([peer, near], [], [])
                if near in ready:
                    peer.sendall(os.read(near, 4096))
                if peer in ready:
                    data = peer.recv(4096)
                    if not data:
                        return
                    os.write(near, data)

    thread = threading.Thread(target=serve)
    thread.start()
    port = f"socket://127.0.0.1:{server.getsockname()[1]}"
    shell = terminal(env={"RESTANTE_PORT": port})
    shell.until(rb"> ")
    works(shell)
    shell.type(b"\x1d")
    assert shell.ended() == 0
    thread.join(SECONDS)
    os.close(near)
    server.close()
