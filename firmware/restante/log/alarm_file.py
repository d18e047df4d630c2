"""Keeps the alarms over a restart in one small file.  Input and output, no decisions.

The file is replaced by rename, so it is the old or the new one at any power cut.  Writing blocks
for one sync; alarms change a few times a day.
"""

import os

# All alarms with their longest texts.
FILE_OCTETS = 2048
ENOENT = 2


def load(path, failed):
    """Lines for Alarms.keep; none when there is no file.  Other errors go to `failed(error)`."""
    try:
        with open(path, "rb") as f:
            data = f.read(FILE_OCTETS)
    except OSError as error:
        if error.args[0] != ENOENT:
            failed(error)
        return []
    text = "".join(chr(octet) for octet in data if octet == 10 or 32 <= octet < 127)
    return text.split("\n")


def saver(path, failed):
    """A function for Alarms.keep; `failed(error)` is told when the disk refuses."""

    def save(lines):
        try:
            with open(path + ".new", "wb") as f:
                f.write("".join(line + "\n" for line in lines).encode())
                f.flush()  # MicroPython's flush is fsync(2)
            os.rename(path + ".new", path)
        except OSError as error:
            failed(error)

    return save
