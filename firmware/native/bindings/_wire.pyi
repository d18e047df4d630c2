# Types of module _wire, for mypy; dots.py says what the call does.

from typing_extensions import Buffer

def scan(
    data: Buffer, start: int, end: int, after_cr: bool, lf_only: bool
) -> tuple[int, int, int]: ...
