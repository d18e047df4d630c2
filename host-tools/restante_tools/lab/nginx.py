"""nginx's mail proxy as a peer in benchmarks: pass-through of POP3, no screening.

It asks an HTTP server where to send each login; ours answers with the one origin that there is.
"""

from __future__ import annotations

import http.server
import os
import shutil
import socket
import threading
from pathlib import Path

from restante_tools.errors import ToolError
from restante_tools.lab.children import Child
from restante_tools.lab.deadline import Deadline

START_SECONDS = 15.0
MODULE = Path("/usr/lib/nginx/modules/ngx_mail_module.so")  # Debian's libnginx-mod-mail
CONNECTIONS = 512  # at once; more than a benchmark opens


class Answering(http.server.BaseHTTPRequestHandler):
    """Lets everybody in and names the origin (nginx's mail_auth_http protocol)."""

    origin = ("127.0.0.1", 0)
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Auth-Status", "OK")
        self.send_header("Auth-Server", self.origin[0])
        self.send_header("Auth-Port", str(self.origin[1]))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *words: object) -> None:
        """Nothing: one line a login would be measured too."""


class MailProxy:
    """A running nginx that passes POP3 on to one origin."""

    def __init__(self, folder: Path, address: str, port: int, origin: tuple[str, int]) -> None:
        program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if program is None or not MODULE.exists():
            raise ToolError(
                "nginx with its mail module is not installed",
                "the packages nginx-light and libnginx-mod-mail are missing",
                "run host-tools/setup",
            )
        folder.mkdir(parents=True)
        handler = type("AnsweringFor", (Answering,), {"origin": origin})
        self._answering = http.server.ThreadingHTTPServer((address, 0), handler)
        self._thread = threading.Thread(target=self._answering.serve_forever)
        self._thread.start()
        configuration = folder / "nginx.conf"
        where = f"{address}:{self._answering.server_port}"
        configuration.write_text(text(folder, f"{address}:{port}", where), encoding="ascii")
        words = [program, "-c", str(configuration), "-p", str(folder), "-e", f"{folder}/error.log"]
        self._child = Child("nginx", words, folder / "start.log")
        self._wait(address, port, folder)

    def _wait(self, address: str, port: int, folder: Path) -> None:
        deadline = Deadline(START_SECONDS, "the machine is very busy", f"read {folder}/error.log")

        def listening() -> bool:
            self._child.check()
            with socket.socket() as probe:
                return probe.connect_ex((address, port)) == 0

        try:
            deadline.wait(listening, "start of nginx")
        except ToolError:
            self.stop()
            raise

    def stop(self) -> None:
        self._child.stop()
        self._answering.shutdown()
        self._answering.server_close()
        self._thread.join()


def text(folder: Path, listen: str, auth: str) -> str:
    """nginx.conf: one worker, nothing written but errors."""
    return f"""load_module {MODULE};
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections {CONNECTIONS}; }}
mail {{
    auth_http {auth}/;
    proxy on;
    server {{
        listen {listen};
        protocol pop3;
        pop3_auth plain;
    }}
}}
"""
