"""grow: makes a mounted ext4 as large as its partition.  Wiring only; imported by nothing.

Once at the first start: the image carries a small file system, the medium has more room.
"""

import sys
from errno import EPERM

import _sys

USAGE = "usage: grow FOLDER"


def main():
    if len(sys.argv) != 2:
        print(USAGE)
        sys.exit(2)
    folder = sys.argv[1]
    try:
        before, after = _sys.ext4_resize(folder)
    except OSError as error:
        print("grow: %s: %s" % (folder, error))
        if error.errno == EPERM:
            print("grow: only root may do this, on a mounted ext4 that is writable")
        else:
            print("grow: it must be a mounted ext4 on a partition, with /sys mounted")
        sys.exit(1)
    print("grow: %s: %d KiB, was %d KiB" % (folder, after // 1024, before // 1024))


if __name__ == "__main__":
    main()
