"""A box with a USB port: files stand for sticks, the real reader looks at them.

As init does it, the reader is started again whenever it ends.
"""

import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path

from boxes import TOP, program
from installing import InstallingBox
from restante.box import places
from restante.update.stickreader import Reader
from restante_tools.bundles import publishing
from restante_tools.lab.children import Child

GATE = Path(__file__).resolve().parent / "stick_gate.py"
MIB = 1 << 20
SECONDS = 30


class StickBox(InstallingBox):
    """`port`: the folder that stands for its USB port; `reads`: False: nobody reads sticks."""

    def __init__(self, *arguments, reads=True):
        self.reader = None
        self.readers = 0  # how often it was started
        super().__init__(*arguments)
        self.usb = self.folder / "usb"
        self.usb.mkdir()
        self._ended = threading.Event()
        self._keeper = threading.Thread(target=self._keep)
        if reads:
            self._start_reader()
            self._keeper.start()

    def words(self, name):
        return [str(GATE)] if name == "gate" else super().words(name)

    def _start_reader(self):
        self.readers += 1
        self.reader = Child(
            "stick",
            [
                *(program(), "-X", "heapsize=512k", "-m", "restante.programs.stick"),
                *("--run", str(self.run), "--data", str(self.data), "--sticks", str(self.usb)),
            ],
            self.folder / "stick.log",
            environment={"MICROPYPATH": f"{TOP / 'firmware'}:.frozen"},
        )

    def _keep(self):
        while not self._ended.wait(0.02):
            if not self.reader.alive():
                self.reader.stop()
                self._start_reader()

    # -- hands

    def put_in(self, image):
        """A copy of the image is the stick in the port: what is done to it stays there."""
        part = self.usb / "part"
        shutil.copyfile(image, part)
        part.rename(self.usb / "sda")
        return self.usb / "sda"

    def pull(self):
        """What reads from it gets nothing more."""
        stick = self.usb / "sda"
        stick.rename(self.usb / "pulled")
        with (self.usb / "pulled").open("r+b") as file:
            file.truncate(0)
        self.until(lambda: self.updates()["stick"] == "none", "the end of the stick")

    # -- what the console says

    def updates(self):
        rows = self.console("show updates")[1]
        return {row[:10].strip(): row[11:] for row in rows}

    def looked(self):
        """What became of the stick, as soon as that is said."""
        self.until(lambda: self.settled(), "what becomes of the stick")
        return self.updates()["last stick"].partition("ago: ")[2]

    def settled(self):
        found = self.updates()
        return found["stick"] == "is in" and "last stick" in found and "from stick" not in found

    def configure(self, *lines):
        for line in ("configure", *lines, "commit", "exit"):
            first, rest = self.console(line)
            assert first.startswith("+OK"), (line, first, rest)

    def stop(self):
        self._ended.set()
        if self.reader is not None:
            self._keeper.join()
            self.reader.stop()
        super().stop()


class HostileStick:
    """A reader of the test's: the shipped Reader over a medium that does what the test says.

    `before(at, octets)` is called before each reading of the medium; what it raises or changes
    in `data` is what the reader sees.  `read`: the places that were read, in their order.
    """

    def __init__(self, box, image, mark="sda.1", before=None):
        self.data = bytearray(image.read_bytes())
        self.read = []
        self.requests = []
        self._before = before or (lambda at, octets: None)
        self._reader = Reader(self._fill, len(self.data), mark)
        path = box.run / "stick.sock"
        path.unlink(missing_ok=True)
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listening.bind(str(path))
        if os.getuid() == 0:
            os.chown(path, places.GATE_UID, places.GATE_UID)
        self._listening.listen(4)
        self._path = path
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _fill(self, at, view):
        self.read.append((at, len(view)))
        self._before(at, len(view))
        view[:] = self.data[at : at + len(view)]

    def _serve(self):
        try:
            while True:
                peer, _ = self._listening.accept()
                with peer:
                    self._answer(peer)
        except OSError:
            pass  # pulled, or the test is over
        finally:
            self._listening.close()

    def _answer(self, peer):
        peer.settimeout(SECONDS)
        while request := peer.recv(200):
            self.requests.append(request)
            reply = self._reader.answer(request)
            try:
                peer.sendall(reply)
            except BrokenPipeError:
                return  # the gate waits no more

    def stop(self):
        self._path.unlink(missing_ok=True)
        try:
            self._listening.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has ended
        self._thread.join(SECONDS)


def published(folder, **files):
    """A publisher's folder with these bundles."""
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / f"{name}.rstb").write_bytes(data)
    publishing.publish(folder, None)
    return folder


def formatted(image, *options, mib=8, table=False):
    """A stick as a shop sells it: mkfs.vfat, with a partition table or none."""
    with image.open("wb") as file:
        file.truncate(mib * MIB)
    at = 2048 if table else 0
    if table:
        entry = bytes([0, 0, 0, 0, 0x0C, 0, 0, 0]) + at.to_bytes(4, "little")
        entry += (mib * MIB // 512 - at).to_bytes(4, "little")
        with image.open("r+b") as file:
            file.seek(446)
            file.write(entry)
            file.seek(510)
            file.write(b"\x55\xaa")
    run("mkfs.vfat", *options, "--offset", str(at), image, str((mib * MIB - at * 512) // 1024))
    return f"{image}@@{at * 512}"


def stick(image, folder, *options, top=False, **shape):
    """An image of a stick with the files of a folder, in its folder restante or at its top."""
    inside = formatted(image, *options, **shape)
    if not top:
        run("mmd", "-i", inside, "::restante")
    target = "::" if top else "::restante"
    run("mcopy", "-i", inside, *sorted(folder.iterdir()), target)
    return image


def run(*words):
    command = [str(word) for word in words]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
