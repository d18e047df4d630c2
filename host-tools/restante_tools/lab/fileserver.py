"""nginx as a server of plain files: what a publisher puts bundles on."""

from __future__ import annotations

import socket
from pathlib import Path

from restante_tools.lab import nginx


def command(folder: Path, files: Path, address: str, port: int, secure: str = "") -> list[str]:
    """The words that run it in the foreground; `folder`: for its own files; see secured()."""
    return nginx.command(folder, text(folder, files, f"{address}:{port}", secure))


class FileServer:
    """A running nginx that serves `files`. `port`: 0 takes a free one; `tls`: its chain and key,
    then it speaks HTTPS and `protocols` of TLS."""

    def __init__(
        self,
        folder: Path,
        files: Path,
        address: str = "127.0.0.1",
        port: int = 0,
        tls: tuple[Path, Path] | None = None,
        protocols: str = "TLSv1.2 TLSv1.3",
    ):
        if not port:
            with socket.socket() as probe:
                probe.bind((address, 0))
                port = probe.getsockname()[1]
        self.port = port
        self._folder = folder
        secure = secured(*tls, protocols) if tls else ""
        configuration = text(folder, files, f"{address}:{port}", secure)
        self._child = nginx.start(folder, configuration, address, port)

    def requests(self) -> list[str]:
        """`STATUS OCTETS PATH` of each answer so far, oldest first."""
        log = self._folder / "access.log"
        return log.read_text(encoding="ascii").splitlines() if log.exists() else []

    def stop(self) -> None:
        self._child.stop()


def secured(chain: Path, key: Path, protocols: str = "TLSv1.2 TLSv1.3") -> str:
    """What a server that speaks HTTPS needs in nginx.conf."""
    return f"ssl_certificate {chain}; ssl_certificate_key {key}; ssl_protocols {protocols};"


def text(folder: Path, files: Path, listen: str, secure: str = "") -> str:
    """nginx.conf: one worker, nothing but files, each request in access.log."""
    temporary = "".join(
        f"    {name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""daemon off;
user root;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
{temporary}    log_format short "$status $body_bytes_sent $uri";
    access_log {folder}/access.log short;
    default_type application/octet-stream;
    server {{
        listen {listen}{" ssl" if secure else ""};
        {secure}
        root {files};
    }}
}}
"""
