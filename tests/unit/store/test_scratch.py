"""How much of the disk a worker may take, and that it is given back."""

import pytest
from restante.errors import StoreError, StoreFull
from restante.screening.wire import SCRATCH_OCTETS
from restante.store.scratch import SPARE_OCTETS, Scratch
from restante.store.spool import RESERVE_OCTETS

KEPT = RESERVE_OCTETS + SPARE_OCTETS
MIB = 1 << 20
ENOSPC = 28


class Spool:
    """What Scratch uses of the spool; `free` octets on its disk."""

    def __init__(self, free, error=None):
        self.folder = self
        self.octets = free
        self.error = error
        self.ended = []

    def free(self):
        return self.octets

    def nameless(self):
        if self.error:
            raise OSError(self.error)
        return 9

    def end_nameless(self, fd):
        self.ended.append(fd)


@pytest.mark.parametrize(
    ("free", "octets"),
    [
        (0, 0),
        (RESERVE_OCTETS, 0),
        (KEPT, 0),
        (KEPT + 1, 0),
        (KEPT + 2, 1),
        (KEPT + 10 * MIB, 5 * MIB),
        (KEPT + 2 * SCRATCH_OCTETS - 2, SCRATCH_OCTETS - 1),
        (KEPT + 2 * SCRATCH_OCTETS, SCRATCH_OCTETS),
        (1 << 40, SCRATCH_OCTETS),
    ],
)
def test_all_workers_together_leave_the_reserve(free, octets):
    assert Scratch(Spool(free), 2).open().octets == octets
    assert octets == 0 or free - 2 * octets >= KEPT


def test_closed_once():
    spool = Spool(1 << 30)
    file = Scratch(spool, 2).open()
    assert file.fd == 9
    file.close()
    file.close()
    assert spool.ended == [9] and file.fd == -1


def test_errors_are_the_stores():
    with pytest.raises(StoreFull):
        Scratch(Spool(1 << 30, ENOSPC), 2).open()
    with pytest.raises(StoreError):
        Scratch(Spool(1 << 30, 5), 2).open()
