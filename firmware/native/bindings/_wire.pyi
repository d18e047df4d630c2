# Types of module _wire, for mypy; dots.py says what scan does.

from typing_extensions import Buffer

def scan(
    data: Buffer, start: int, end: int, after_cr: bool, lf_only: bool
) -> tuple[int, int, int]: ...
def crc32(data: Buffer, start: int, end: int, seed: int) -> int: ...
