"""Reads files of FAT16 and FAT32 that a hostile hand may have written.  Pure: it is given octets.

Its rule: no number that stands on the medium bounds our work.  A folder has FOLDER_SLOTS at most,
a file the octets that its reader allows, each step of a chain is checked; so a chain that runs in
a ring ends like a long one.  It finds a name in a folder and reads a file from front to end; it
writes nothing, lists nothing, and shows no name that it found.

Layout: Microsoft, "FAT32 File System Specification" 1.03 (2000).
"""

from restante.compat import const
from restante.update.fault import StickError

# Slots of a folder that are looked at: some hundred files with long names; a quarter MiB to read.
FOLDER_SLOTS = const(8192)
SECTOR_OCTETS = const(512)
_SLOT = const(32)
_SMALLEST_FAT16 = const(4085)  # clusters; with fewer it is FAT12
_LARGEST_FAT16 = const(65524)
_LARGEST_FAT32 = const(268435444)
_PARTITIONS = const(446)  # in the first sector; four of 16 octets
_TYPES = (0x04, 0x06, 0x0B, 0x0C, 0x0E)
_PROTECTIVE = const(0xEE)  # of a GPT
_FOLDER = const(0x10)
_LABEL = const(0x08)
_LONG = const(0x0F)
_KINDS = const(0x3F)
_END = const(0)
# Where the 13 characters of a piece of a long name stand.
_PLACES = (1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30)
_PIECES = const(20)

FORMAT = "format the stick as FAT32, with one partition (MBR) or none"
AGAIN = "copy the files to it once more, or take another stick"


def damaged(what):
    return StickError("its file system is damaged: " + what, AGAIN)


def _number(data, at, octets):
    return int.from_bytes(bytes(data[at : at + octets]), "little")


class Volume:
    """`read(at, view)` fills the view, or raises OSError; `octets`: how long the medium is.

    StickError: there is no file system that can be read.
    """

    def __init__(self, read, octets):
        self._read = read
        self._sector = bytearray(SECTOR_OCTETS)
        self._at = -1  # where the octets in it came from
        self._octets = octets
        self._base = 0  # where the file system begins
        self._find()

    # -- where it lies

    def _find(self):
        head = self._sector_at(0)
        kind = _kind(head)
        if not kind:
            self._base = _partition(head)
            head = self._sector_at(self._base)
            kind = _kind(head)
        if kind != "FAT":
            found = "it has " + kind if kind else "it has no file system that is known"
            raise StickError(found, FORMAT)
        self._measure(head)

    def _measure(self, head):
        sector = _number(head, 11, 2)
        self.cluster_octets = sector * head[13]
        table = _number(head, 22, 2)
        self._wide = table == 0  # as Linux tells FAT32
        table = table or _number(head, 36, 4)
        slots = _number(head, 17, 2)
        reserved = _number(head, 14, 2)
        root = reserved + head[16] * table
        data = root + (slots * _SLOT + sector - 1) // sector
        whole = _number(head, 19, 2) or _number(head, 32, 4)
        if not reserved or data >= whole or self._wide and slots:
            raise damaged("its sizes contradict each other")
        if self._base + whole * sector > self._octets:
            raise damaged("it says that it is larger than the stick")
        self._clusters = (whole - data) // head[13]
        if not self._wide and self._clusters < _SMALLEST_FAT16:
            raise StickError("it has FAT12", FORMAT)
        most = _LARGEST_FAT32 if self._wide else _LARGEST_FAT16
        width = 4 if self._wide else 2
        if self._clusters > most or (self._clusters + 2) * width > table * sector:
            raise damaged("its table is too short")
        self._table = self._base + reserved * sector
        self._data = self._base + data * sector
        self._root_at = self._base + root * sector
        self._root_slots = slots
        self._root = _number(head, 44, 4) if self._wide else _END

    # -- files

    def find(self, path):
        """The File at ("folder", "name"), or None.  StickError, OSError."""
        cluster = self._root
        for name in path[:-1]:
            found = self._slot(cluster, name)
            if found is None or not found[0]:
                return None
            cluster = found[1]
            if cluster == _END:
                raise damaged("a folder that is nowhere")
        found = self._slot(cluster, path[-1])
        if found is None or found[0]:
            return None
        return File(self, found[1], found[2])

    def _slot(self, cluster, name):
        """(is it a folder, first cluster, octets) of the name in this folder, or None."""
        name = name.lower()
        long = _LongName()
        for slot in self._slots(cluster):
            if slot[0] == 0:
                return None
            kind = slot[11] & _KINDS
            if slot[0] == 0xE5:
                long.drop()
            elif kind == _LONG:
                long.take(slot)
            else:
                found = long.of(slot) or _short_name(slot)
                long.drop()
                if not kind & _LABEL and found.lower() == name:
                    first = _number(slot, 26, 2)
                    if self._wide:
                        first |= _number(slot, 20, 2) << 16
                    return bool(kind & _FOLDER), first, _number(slot, 28, 4)
        return None

    def _slots(self, cluster):
        left = FOLDER_SLOTS
        for at in self._sectors(cluster):
            for place in range(0, SECTOR_OCTETS, _SLOT):
                if not left:
                    raise StickError(
                        "a folder of it has more than %d entries" % FOLDER_SLOTS,
                        "put the bundles and their index into an empty folder restante",
                    )
                left -= 1
                yield bytes(self._sector_at(at)[place : place + _SLOT])

    def _sectors(self, cluster):
        """Where the sectors of a folder begin."""
        if cluster == _END:
            end = self._root_at + self._root_slots * _SLOT
            for at in range(self._root_at, end, SECTOR_OCTETS):
                yield at
            return
        while cluster != _END:
            start = self.place(cluster)
            for at in range(start, start + self.cluster_octets, SECTOR_OCTETS):
                yield at
            cluster = self.next(cluster)

    # -- clusters

    def place(self, cluster):
        """Where it begins."""
        if not 2 <= cluster < self._clusters + 2:
            raise damaged("a chain leads out of it")
        return self._data + (cluster - 2) * self.cluster_octets

    def next(self, cluster):
        """The cluster behind this one, or 0: it is the last."""
        width = 4 if self._wide else 2
        at = self._table + cluster * width
        inside = at % SECTOR_OCTETS
        found = _number(self._sector_at(at - inside), inside, width)
        if self._wide:
            found &= 0x0FFFFFFF
        if found >= (0x0FFFFFF8 if self._wide else 0xFFF8):
            return _END
        self.place(found)
        return found

    def fill(self, at, view):
        self._read(at, view)

    def _sector_at(self, at):
        if at != self._at:
            self._at = -1
            self._read(at, self._sector)
            self._at = at
        return self._sector


class File:
    """One file.  It is read forwards; going back begins at its front again."""

    def __init__(self, volume, first, octets):
        self.octets = octets
        self._volume = volume
        self._first = first
        self._cluster = first
        self._from = 0  # offset at which that cluster begins

    def read(self, offset, view):
        """Fills the view, which ends at the file's end at most."""
        volume = self._volume
        step = volume.cluster_octets
        done = 0
        while done < len(view):
            at = offset + done
            self._go(at, step)
            inside = at - self._from
            n = min(step - inside, len(view) - done)
            volume.fill(volume.place(self._cluster) + inside, view[done : done + n])
            done += n

    def _go(self, offset, step):
        """To the cluster that has this offset."""
        if offset < self._from:
            self._cluster = self._first
            self._from = 0
        while offset >= self._from + step:
            following = self._volume.next(self._cluster)
            if following == _END:
                raise damaged("a file is shorter than its folder says")
            self._cluster = following
            self._from += step


class _LongName:
    """The pieces of a long name, which stand before its slot, the last piece first."""

    def __init__(self):
        self.drop()

    def drop(self):
        self._text = ""
        self._wanted = 0  # number of the piece that must come next; 0: none may
        self._sum = -1

    def take(self, slot):
        number = slot[0] & 0x3F
        if slot[0] & 0x40:
            self._text = ""
            self._sum = slot[13]
        elif number != self._wanted or slot[13] != self._sum:
            number = 0
        if not 1 <= number <= _PIECES:
            self.drop()
            return
        self._text = _piece(slot) + self._text
        self._wanted = number - 1 or -1  # -1: the name is whole

    def of(self, slot):
        """The name, if these pieces are of this slot; else ""."""
        sum = 0
        for octet in slot[:11]:
            sum = ((sum >> 1) + ((sum & 1) << 7) + octet) & 0xFF
        return self._text if self._wanted == -1 and sum == self._sum else ""


def _piece(slot):
    """Its characters; one that no name of ours has stands as "?"."""
    text = ""
    for place in _PLACES:
        code = slot[place] | slot[place + 1] << 8
        if code == 0:
            break
        text += chr(code) if 0x20 < code < 0x7F else "?"
    return text


def _short_name(slot):
    name = _ascii(slot[:8])
    ending = _ascii(slot[8:11])
    return name + "." + ending if ending else name


def _ascii(octets):
    text = "".join([chr(octet) if 0x20 <= octet < 0x7F else "?" for octet in octets])
    return text.rstrip(" ")


def _kind(head):
    """What begins with this sector: "FAT", another file system's name, or ""."""
    for name in ("EXFAT", "NTFS"):
        if bytes(head[3:11]) == (name + "        ").encode()[:8]:
            return name
    if head[510] != 0x55 or head[511] != 0xAA or head[0] not in (0xEB, 0xE9):
        return ""
    sector, cluster = _number(head, 11, 2), head[13]
    if sector not in (512, 1024, 2048, 4096) or not cluster or cluster & cluster - 1:
        return ""
    return "FAT" if head[16] in (1, 2) else ""


def _partition(head):
    """Where the first partition with FAT begins."""
    if head[510] != 0x55 or head[511] != 0xAA:
        raise StickError("it has no file system that is known", FORMAT)
    for place in range(_PARTITIONS, 510, 16):
        if head[place + 4] == _PROTECTIVE:
            raise StickError("it has a partition table of the kind GPT", FORMAT)
    for place in range(_PARTITIONS, 510, 16):
        start = _number(head, place + 8, 4)
        if head[place + 4] in _TYPES + (0x07,) and start:  # 0x07: exFAT, NTFS; said by name
            return start * SECTOR_OCTETS
    raise StickError("it has no partition with FAT32", FORMAT)
