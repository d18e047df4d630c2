"""Opening a line to a box, octets in and out: a device, `socket://`, `rfc2217://`, `unix:PATH`.

Rule: what goes wrong here is said with its likely cause; what the octets mean is not known here.
"""

from __future__ import annotations

import errno
import fcntl
import select
import socket
import sys
import termios
from types import TracebackType
from typing import Protocol, Self

import serial
from serial import rfc2217

from restante_tools.errors import DEVICE_OR_TIMEOUT, USAGE, ToolError

BAUD = 115200
READ_SECONDS = 0.1  # a read waits so long at most
WRITE_SECONDS = 10.0  # a line that takes nothing for so long is gone
READ_OCTETS = 4096
UNIX = "unix:"

# What a line raises that is gone. SerialException is an OSError, termios.error is none; a
# TypeError is what pyserial makes of a port that was closed while it reads.
Gone = (OSError, termios.error, TypeError)


class Stream(Protocol):
    """What is needed of pyserial, and of a socket in its place."""

    def read(self, size: int = ..., /) -> bytes: ...
    def write(self, data: bytes, /) -> int | None: ...
    def close(self) -> None: ...
    @property
    def in_waiting(self) -> int: ...


class UnixStream:
    """The socket behind which an emulator keeps a serial line; pyserial has no such scheme."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(path)
        except OSError:
            self._socket.close()
            raise
        self._socket.settimeout(WRITE_SECONDS)

    @property
    def in_waiting(self) -> int:
        """Octets that are there: asking for more would wait for them."""
        answer = fcntl.ioctl(self._socket, termios.FIONREAD, bytes(4))
        return int.from_bytes(answer, sys.byteorder)

    def read(self, size: int = 1, /) -> bytes:
        if not select.select([self._socket], [], [], READ_SECONDS)[0]:
            return b""
        seen = self._socket.recv(READ_OCTETS)
        if not seen:
            raise OSError(errno.EPIPE, "the other side has closed it")
        return seen

    def write(self, data: bytes, /) -> int:
        self._socket.sendall(data)
        return len(data)

    def close(self) -> None:
        self._socket.close()


class Port:
    """An open line. Its errors are ToolErrors."""

    def __init__(self, name: str, stream: Stream, speed: int = BAUD) -> None:
        self.name = name
        self.own_speed = speed
        self.gone = False
        self._stream = stream
        self._speed = speed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def read(self) -> bytes:
        """What is there, or comes within READ_SECONDS."""
        try:
            first = self._stream.read(1)
            more = self._stream.in_waiting if first else 0
            return first + (self._stream.read(min(more, READ_OCTETS)) if more else b"")
        except Gone as error:
            raise self._gone(error) from error

    def write(self, data: bytes) -> None:
        try:
            self._stream.write(data)
        except (serial.SerialTimeoutException, TimeoutError) as error:
            raise ToolError(
                f"{self.name} takes nothing",
                "flow control of the adapter, or it hangs",
                "pull the adapter and plug it in again",
                DEVICE_OR_TIMEOUT,
            ) from error
        except Gone as error:
            raise self._gone(error) from error

    @property
    def speed(self) -> int:
        """What the line runs at."""
        return self._speed

    @property
    def has_speeds(self) -> bool:
        """Whether it is a line whose speed can be set from here: no plain network socket."""
        return isinstance(self._stream, (serial.Serial, rfc2217.Serial))

    def set_speed(self, speed: int) -> None:
        """After what was written has left."""
        assert isinstance(self._stream, (serial.Serial, rfc2217.Serial))
        try:
            self._stream.flush()
            self._stream.baudrate = speed
        except ValueError as error:
            raise ToolError(
                f"{self.name} cannot run at {speed}: {error}",
                "the adapter or its driver has no such speed",
                "give a lower one with --speed",
                DEVICE_OR_TIMEOUT,
            ) from error
        except Gone as error:
            raise self._gone(error) from error
        self._speed = speed

    def close(self) -> None:
        """Safe at any time."""
        try:
            self._stream.close()
        except Gone:
            pass  # the device has gone before us: there is nothing left to close

    def _gone(self, error: BaseException) -> ToolError:
        self.gone = True
        return ToolError(
            f"{self.name} is gone: {error}",
            "the adapter was pulled, or the other side has closed the connection",
            "plug it in again; a box keeps what was committed, nothing else",
            DEVICE_OR_TIMEOUT,
        )


def open_port(name: str, baud: int = BAUD, flow: bool = False) -> Port:
    """`flow`: the box may stop us (XON/XOFF), as is good for a paste by hand."""
    try:
        if name.startswith(UNIX):
            return Port(name, UnixStream(name[len(UNIX) :]), baud)
        stream = serial.serial_for_url(
            name,
            baudrate=baud,
            timeout=READ_SECONDS,
            # pyserial's RFC 2217 cannot have one; a TCP connection ends by itself.
            write_timeout=None if name.startswith("rfc2217:") else WRITE_SECONDS,
            xonxoff=flow,
            exclusive=True,
        )
    except ValueError as error:
        raise ToolError(
            f"{name} is no port: {error}",
            "a port is a device, socket://HOST:PORT, rfc2217://HOST:PORT or unix:PATH",
            "restante console --help",
            USAGE,
        ) from error
    except (OSError, termios.error) as error:
        raise not_opened(name, error) from error
    return Port(name, stream, baud)


def not_opened(name: str, error: OSError | termios.error) -> ToolError:
    """Why a port cannot be opened."""
    number = error.errno if isinstance(error, OSError) else None
    cause, hint = {
        errno.EACCES: (
            "only root and the group dialout may use serial lines",
            "sudo usermod -aG dialout $USER, then log in anew",
        ),
        errno.ENOENT: (
            "there is no such device",
            "plug the adapter in; ls /dev/ttyUSB* /dev/ttyACM*",
        ),
        errno.EWOULDBLOCK: (
            "another program has it",
            "end that program (screen, minicom, another restante)",
        ),
        errno.EBUSY: (
            "another program has it",
            "end that program (screen, minicom, another restante)",
        ),
        errno.ECONNREFUSED: ("nobody listens there", "start what serves the line there"),
    }.get(
        number or 0,
        (
            "it is not a serial line, or the other side does not answer",
            "check the name of the port",
        ),
    )
    return ToolError(f"{name} cannot be opened: {error}", cause, hint, DEVICE_OR_TIMEOUT)
