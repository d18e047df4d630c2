"""unlock: opens the encrypted data partition at start-up.  Root; wiring only.

    unlock            maps it as /dev/dm-0; writes the device key for the gate
    unlock filled     says that an empty file system was written to it

Exit codes: 0 done; 3 mapped, but a file system must be written first; 1 it stays closed, and why
was said.  Keys are passed in buffers only, never in a command line, an environment or a message.
"""

import sys

import _sys

from restante.box import blocks, keys, mapper, places
from restante.box.keyring import Keyring

CONTROL = "/dev/mapper/control"
# Blocks until the kernel's generator was seeded, as getrandom(2) does.
RANDOM = "/dev/random"
DONE = 0
CLOSED = 1
EMPTY = 3


class Closed(Exception):
    """The data partition cannot be opened: what, and the next step."""


def named(name):
    found = blocks.partition(name)
    if found is None:
        raise Closed("no partition is called %s; write the image again" % name)
    return found


def random_key():
    key = bytearray(keys.KEY_OCTETS)
    fd = _sys.open(RANDOM, _sys.O_RDONLY)
    try:
        if _sys.read(fd, key, 0, len(key)) != len(key):
            raise Closed("the kernel gave no randomness for a key; start the box again")
    finally:
        _sys.close(fd)
    return bytes(key)


def opened(ring, data):
    """The record in force: the one found, or a new one where nothing is lost by it."""
    if ring.record is None:
        if not data.is_blank():
            raise Closed(
                "no copy of its key can be read and %s is not empty: it was left as it is; "
                "`factory-reset yes` at the console gives up what is on it" % data.device
            )
        ring.renew(random_key())
    elif ring.record.state == keys.DESTROYED:
        data.discard()
        ring.renew(random_key())
    else:
        repair(ring)
    return ring.record


def repair(ring):
    try:
        repaired = ring.repair()
    except OSError as error:
        print("unlock: a copy of the key cannot be written, the box goes on with one: %s" % error)
        return
    if repaired:
        print("unlock: a damaged copy of the key was written again")


def give_device_key(master):
    """For the gate, which reads it before it gives up root; memory only, gone with the power."""
    key = keys.subkey(master, keys.DEVICE, keys.KEY_OCTETS)
    path = places.RUN + "/" + places.DEVICE_KEY
    fd = _sys.open(path, _sys.O_WRONLY | _sys.O_CREAT | _sys.O_EXCL, 0o600)
    _sys.write(fd, key, 0, len(key))
    _sys.close(fd)


def map_data(data, master):
    key = keys.subkey(master, keys.DATA_PARTITION, mapper.KEY_OCTETS)
    name = places.DATA_PARTITION
    fd = _sys.open(CONTROL, _sys.O_RDWR)
    try:
        _sys.ioctl(fd, mapper.CREATE, mapper.request(name))
        table = mapper.crypt_table(name, data.device, data.octets, key)
        _sys.ioctl(fd, mapper.LOAD, table)
        _sys.ioctl(fd, mapper.RESUME, mapper.request(name))
    finally:
        _sys.close(fd)


def unlock():
    ring = Keyring(blocks.KeyDisk(named(places.KEY_PARTITION)))
    data = named(places.DATA_PARTITION)
    record = opened(ring, data)
    give_device_key(record.key)
    map_data(data, record.key)
    return EMPTY if record.state == keys.FRESH else DONE


def filled():
    Keyring(blocks.KeyDisk(named(places.KEY_PARTITION))).filled()
    return DONE


def main():
    words = sys.argv[1:]
    if words not in ([], ["filled"]):
        print("usage: unlock [filled]")
        sys.exit(2)
    try:
        sys.exit(filled() if words else unlock())
    except (Closed, keys.KeysError) as error:
        print("unlock: the data partition stays closed: %s" % error)
    except OSError as error:
        print("unlock: the data partition stays closed: the system refused it: %s" % error)
    sys.exit(CLOSED)


if __name__ == "__main__":
    main()
