"""The reader's side of stickwire.py: finds the index and the files beside it on a medium.  Pure.

Its rule: it has one medium that it only reads, and answers one request at a time; what the medium
holds can make it say "damaged", and no more.
"""

from restante.update import fat, index, stickwire
from restante.update.fault import BundleError, StickError

# Looked into in this order.
FOLDERS = (("restante",), ())


class Reader:
    """`read(at, view)` fills the view or raises OSError: then the medium is gone."""

    def __init__(self, read, octets, mark):
        self._read = read
        self._octets = octets
        self._mark = mark
        self._volume = None
        self._folder: tuple = ()
        self._file = None

    def answer(self, request):
        """The octets of the reply.  OSError: the medium is gone."""
        words = request.split()
        try:
            if words == [b"who"]:
                self._read(0, bytearray(fat.SECTOR_OCTETS))  # is it still there?
                return stickwire.said(self._mark)
            if words == [b"index"]:
                return stickwire.said(str(self._open_index()))
            if len(words) == 2 and words[0] == b"open":
                return stickwire.said(str(self._open(words[1])))
            if len(words) == 3 and words[0] == b"read":
                return self._piece(words[1], words[2])
        except StickError as error:
            return stickwire.failed(error)
        return stickwire.failed(StickError("not a request", "it is the gate who asks"))

    def _open_index(self):
        self._file = None
        self._volume = fat.Volume(self._read, self._octets)
        for folder in FOLDERS:
            found = self._volume.find(folder + (index.FILE,))
            if found is not None:
                self._folder = folder
                self._file = found
                return found.octets
        raise StickError(
            "it has no file %s, at its top or in the folder restante" % index.FILE,
            "copy to it what `restante bundle publish FOLDER` made, all files of FOLDER",
        )

    def _open(self, name):
        self._file = None
        if self._volume is None:
            raise StickError("no index was asked for", "it is the gate who asks")
        try:
            text = index.file_name("file", str(name, "ascii"))
        except (BundleError, ValueError):
            raise StickError("a wrong file name", "it is the gate who asks")
        found = self._volume.find(self._folder + (text,))
        if found is None:
            raise StickError(
                "%s is not there, though the index names it" % text,
                "copy all files of the publisher's folder to the stick",
            )
        self._file = found
        return found.octets

    def _piece(self, offset, octets):
        if self._file is None or not offset.isdigit() or not octets.isdigit():
            raise StickError("no file is open", "it is the gate who asks")
        at, n = int(offset), int(octets)
        if not 0 < n <= stickwire.PIECE_OCTETS or at + n > self._file.octets:
            raise StickError("octets that the file does not have", "it is the gate who asks")
        reply = bytearray(n + 1)
        reply[0] = 0x3D
        self._file.read(at, memoryview(reply)[1:])
        return reply
