"""U-Boot's prompt at a serial line: caught, asked, files put into memory.

Rule: a command is typed without its end, its echo compared, and only then comes the RETURN. A
damage that is itself a RETURN runs a command's beginning: too few words for it, or fewer octets at
the right place. An empty line is never sent: U-Boot would run the last command again.
"""

from __future__ import annotations

import re
import secrets
import time
import zlib
from collections.abc import Callable

from restante_tools.errors import DEVICE_OR_TIMEOUT, FAILED, ToolError
from restante_tools.fieldline.ports import Port
from restante_tools.flash import ymodem
from restante_tools.flash.boards import Board
from restante_tools.flash.table import SECTOR

STOP = b"\x03"  # Ctrl-C: ends what is typed; as a key it stops autoboot as well
KNOCK_SECONDS = 0.3
COMMAND_SECONDS = 30.0  # of a slow card; most take milliseconds
ECHO_SECONDS = 3.0
TRIES = 5
LINE_OCTETS = 240  # of U-Boot's 256 to 1024
CRC = re.compile(r"==> ([0-9a-f]{8})")
DONE = re.compile(r"(\d+) blocks (?:read|written): OK")
RUNS = re.compile(rb"login: |Linux version|Restante ")
QUIET_SECONDS = 0.3
SPEED_SECONDS = 10.0
SETTLE_SECONDS = 0.3  # U-Boot waits 50 ms before and behind a change
SHOWN = 200  # octets of what was seen, in an error


class Counted:
    """A port whose octets are counted, both ways."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self.name = port.name
        self.octets = 0

    def read(self) -> bytes:
        data = self._port.read()
        self.octets += len(data)
        return data

    def write(self, data: bytes) -> None:
        self.octets += len(data)
        self._port.write(data)

    def set_baud(self, baud: int) -> None:
        if self._port.has_speeds:  # an emulator's line has none
            self._port.set_speed(baud)


class UBoot:
    """`fast`: another speed for files, or 0."""

    def __init__(self, port: Port, board: Board, baud: int, fast: int = 0) -> None:
        self.line = Counted(port)
        self.board = board
        self._baud = baud
        self._fast = 0 if fast == baud else fast
        self._prompt = b"\n" + board.prompt.encode()  # "=> " is also in the answer of crc32
        self.repeated = 0  # blocks and commands that had to be sent again

    # -- the prompt

    def catch(self, seconds: float, say: Callable[[str], None]) -> None:
        """Have the prompt, whether it is there already or the box is switched on now."""
        end = time.monotonic() + seconds
        seen = b""
        asked = False
        while time.monotonic() < end:
            self.line.write(STOP)
            seen = (seen + self._until(self._prompt, KNOCK_SECONDS))[-4096:]
            if seen.endswith(self._prompt):
                self._synchronize()
                return
            if not asked:
                say("no prompt of U-Boot yet: switch the box on, or off and on again")
                asked = True
        raise ToolError(
            f"no prompt of U-Boot within {seconds:.0f} s (last seen: {_shown(seen)})",
            "a system runs on the box already"
            if RUNS.search(seen)
            else "the box was not switched on, a wrong cable or speed, or another boot loader",
            "run it again, then switch the box off and on",
            DEVICE_OR_TIMEOUT,
        )

    def _synchronize(self) -> None:
        """Prompts that belong to earlier keys are read away."""
        while self._until(b"", QUIET_SECONDS):
            pass
        word = "restante-" + secrets.token_hex(4)
        if word not in self.run(f"echo {word}"):
            raise self._lost(f"echo {word}", b"")

    def run(self, command: str, seconds: float = COMMAND_SECONDS) -> str:
        """What a command prints."""
        self._type(command)
        self.line.write(b"\r")
        seen = self._until(self._prompt, seconds)
        if not seen.endswith(self._prompt):
            raise self._lost(command, seen)
        return seen[: -len(self._prompt)].decode("ascii", "replace").replace("\r", "")

    def start(self, command: str) -> None:
        """Run a command from which U-Boot does not come back."""
        self._type(command)
        self.line.write(b"\r")

    def _type(self, command: str) -> None:
        if len(command) > LINE_OCTETS:
            raise ValueError(f"{len(command)} octets are too long for a command: {command}")
        wanted = command.encode("ascii")
        seen = b""
        for again in range(TRIES):
            self.repeated += again > 0
            self.line.write(wanted)
            seen = self._until(wanted, ECHO_SECONDS)
            if seen == wanted:
                return
            self.line.write(STOP)
            self._until(self._prompt, ECHO_SECONDS)
            while self._until(b"", QUIET_SECONDS):
                pass
        raise self._lost(command, seen)

    def _until(self, end: bytes, seconds: float, seen: bytes = b"") -> bytes:
        """`seen` and what comes until `end`, or within the time. b"": whatever there is."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            seen += self.line.read()
            if seen and seen.endswith(end):
                break
        return seen

    def _lost(self, command: str, seen: bytes) -> ToolError:
        return ToolError(
            f"U-Boot did not answer {command!r} (last seen: {_shown(seen)})",
            "the box was switched off or started, or the line damages what it carries",
            "run the same command again: it goes on where it broke off",
            DEVICE_OR_TIMEOUT,
        )

    # -- memory and medium

    def crc(self, address: int, octets: int) -> int:
        """Of memory."""
        return self._crc(f"crc32 {address:x} {octets:x}", None)

    def crc_of_medium(self, address: int, block: int, count: int) -> int:
        """Of the medium, by way of this memory, which is spoiled first. One line: one answer."""
        octets = count * SECTOR
        command = (
            f"mw.b {address:x} 0 {octets:x}; "
            f"{self.board.medium} read {address:x} {block:x} {count:x}; "
            f"crc32 {address:x} {octets:x}"
        )
        return self._crc(command, count)

    def _crc(self, command: str, count: int | None) -> int:
        answer = self.run(command)
        found = CRC.search(answer)
        done = DONE.search(answer)
        if found is None or (count is not None and (done is None or int(done[1]) != count)):
            raise self._refused(command, answer)
        return int(found[1], 16)

    def fill(self, address: int, octets: int) -> None:
        """Zeros."""
        self.run(f"mw.b {address:x} 0 {octets:x}")

    def read(self, address: int, block: int, count: int) -> None:
        self._transfer("read", address, block, count)

    def write(self, address: int, block: int, count: int) -> None:
        self._transfer("write", address, block, count)

    def _transfer(self, verb: str, address: int, block: int, count: int) -> None:
        command = f"{self.board.medium} {verb} {address:x} {block:x} {count:x}"
        answer = self.run(command)
        done = DONE.search(answer)
        if done is None or int(done[1]) != count:
            raise self._refused(command, answer)

    def _refused(self, command: str, answer: str) -> ToolError:
        return ToolError(
            f"U-Boot refused {command!r}: {' '.join(answer.split())[-SHOWN:]}",
            "the medium is missing or worn out, or this U-Boot lacks the command",
            "see what it says; `help` at its prompt names its commands",
            FAILED,
        )

    def load(self, address: int, data: bytes, sent: Callable[[int], None]) -> None:
        """Put octets into memory, and see by their CRC that they are there."""
        for again in range(TRIES):
            self.repeated += again > 0
            self._send(address, data, sent if not again else lambda _: None)
            if self.crc(address, len(data)) == zlib.crc32(data):
                return
        raise ymodem.failed(ymodem.NotSentError("its checksum in the box's memory is wrong"))

    def _send(self, address: int, data: bytes, sent: Callable[[int], None]) -> None:
        speed = f" {self._fast}" if self._fast else ""
        self._type(f"loady {address:x}{speed}")
        self.line.write(b"\r")
        rest = b""
        if self._fast:
            rest = self._change_speed(self._fast, b"press ENTER ...", b"\r", b" bps...")
        sender = ymodem.Sender(self.line, rest)
        try:
            sender.send("restante", data, sent)
        except ymodem.NotSentError as error:
            raise ymodem.failed(error) from error
        except KeyboardInterrupt:
            sender.give_up()
            raise
        finally:
            self.repeated += sender.repeated
        seen = sender.rest
        if self._fast:
            self._change_speed(self._baud, b"press ESC ...", b"\x1b", self._prompt, seen)
            return
        if not seen.endswith(self._prompt):
            seen = self._until(self._prompt, COMMAND_SECONDS, seen)
            if not seen.endswith(self._prompt):
                raise self._lost("loady", seen)

    def _change_speed(
        self, baud: int, after: bytes, key: bytes, then: bytes, seen: bytes = b""
    ) -> bytes:
        """U-Boot asks for a key at the new speed (cmd/load.c). What comes behind `then`."""
        seen = self._until_seen(after, SPEED_SECONDS, seen)
        if after not in seen:
            raise self._lost(f"a change to {baud} baud", seen)
        time.sleep(SETTLE_SECONDS)
        self.line.set_baud(baud)
        for _ in range(TRIES):  # a key that comes too early is lost
            self.line.write(key)
            seen = self._until_seen(then, 2 * SETTLE_SECONDS)
            if then in seen:
                return seen.rpartition(then)[2]
        raise self._lost(f"a key at {baud} baud", seen)

    def _until_seen(self, wanted: bytes, seconds: float, seen: bytes = b"") -> bytes:
        """As `_until`, and more may be behind it."""
        deadline = time.monotonic() + seconds
        while wanted not in seen and time.monotonic() < deadline:
            seen += self.line.read()
        return seen


def _shown(seen: bytes) -> str:
    return repr(seen[-SHOWN:].decode("ascii", "replace")) if seen else "nothing"
