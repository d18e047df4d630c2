# Types of module _screen, for mypy; README.md says what the call does.

from typing import NoReturn

def serve(
    listen_fd: int, signature_paths: tuple[str, ...], uid: int | None, gid: int | None
) -> NoReturn: ...
