"""nginx's mail proxy as a peer in benchmarks: pass-through of POP3, no screening.

It asks an HTTP server where to send each login; ours answers with the one origin that there is.
"""

from __future__ import annotations

import http.server
import threading
from pathlib import Path

from restante_tools.errors import ToolError
from restante_tools.lab import nginx

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
        if not MODULE.exists():
            raise ToolError(
                "nginx has no mail module",
                "the package libnginx-mod-mail is missing",
                "run host-tools/setup",
            )
        handler = type("AnsweringFor", (Answering,), {"origin": origin})
        self._answering = http.server.ThreadingHTTPServer((address, 0), handler)
        self._thread = threading.Thread(target=self._answering.serve_forever)
        self._thread.start()
        where = f"{address}:{self._answering.server_port}"
        configuration = text(folder, f"{address}:{port}", where)
        try:
            self._child = nginx.start(folder, configuration, address, port)
        except ToolError:
            self._end_answering()
            raise

    def stop(self) -> None:
        self._child.stop()
        self._end_answering()

    def _end_answering(self) -> None:
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
