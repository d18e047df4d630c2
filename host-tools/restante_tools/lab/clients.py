"""Real mail clients in a namespace, configured with nothing but the origin's address.

Rule: they store what they are given, octet for octet as each of them hands it over; no client is
told that a box exists. `ask` drives our own octet-keeping client (fetch.py) the same way.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from restante_tools.lab import network
from restante_tools.lab.namespaces import Namespace
from restante_tools.places import REPOSITORY

CLIENT_SECONDS = 300.0  # for one session of a real client; a 5 MB maildrop takes under 2 s
NETWORK_SECONDS = 120.0  # what our own client waits for one answer: above the box's own deadlines


def deliver_into(folder: Path) -> str:
    """A delivery command for both clients: stores its input under the next number."""
    return f"cat > {folder}/$(ls {folder} | wc -l)"


def delivered(folder: Path) -> list[bytes]:
    """What a client delivered, in order."""
    files = sorted(folder.iterdir(), key=lambda path: int(path.name))
    return [path.read_bytes() for path in files]


def mpop(namespace: Namespace, user: str, password: str, folder: Path) -> list[bytes]:
    """Fetch the whole maildrop with mpop; the messages as it delivered them."""
    inbox = made(folder, "mpop")
    configuration = folder / "mpoprc"
    configuration.write_text(
        "\n".join(
            (
                "account default",
                f"host {network.ORIGIN}",
                f"user {user}",
                f"password {password}",
                "auth user",
                "tls off",
                "keep on",
                "only_new off",
                f"uidls_file {folder}/mpop-uidls",
                f"timeout {int(CLIENT_SECONDS)}",
                # A line with the date would make two runs differ.
                "received_header off",
                f'delivery mda "{deliver_into(inbox)}"',
                "",
            )
        ),
        encoding="utf-8",
    )
    configuration.chmod(0o600)
    namespace.run(["mpop", "--quiet", f"--file={configuration}"], CLIENT_SECONDS)
    return delivered(inbox)


def fetchmail(namespace: Namespace, user: str, password: str, folder: Path) -> list[bytes]:
    """Fetch the whole maildrop with fetchmail; the messages as it delivered them."""
    inbox = made(folder, "fetchmail")
    configuration = folder / "fetchmailrc"
    configuration.write_text(
        f"""set invisible
set no bouncemail
poll {network.ORIGIN} protocol POP3 timeout {int(CLIENT_SECONDS)}
  user "{user}" password "{password}" sslproto ""
  keep fetchall no rewrite no mimedecode
  mda "{deliver_into(inbox)}"
""",
        encoding="utf-8",
    )
    configuration.chmod(0o600)
    environment = ["env", f"HOME={folder}", f"FETCHMAILHOME={folder}"]
    words = ["fetchmail", "--nosyslog", "--silent", "-f", str(configuration)]
    words += ["--pidfile", f"{folder}/fetchmail.pid", "--idfile", f"{folder}/fetchmail-ids"]
    namespace.run([*environment, *words], CLIENT_SECONDS)
    return delivered(inbox)


def made(folder: Path, name: str) -> Path:
    """A new, empty folder for deliveries."""
    inbox = folder / name
    inbox.mkdir(parents=True)
    return inbox


def ask(namespace: Namespace, request: dict[str, Any], seconds: float = CLIENT_SECONDS) -> Any:
    """Let fetch.py do one request inside a namespace; its report."""
    words = ["env", f"PYTHONPATH={REPOSITORY / 'host-tools'}", sys.executable]
    words += ["-m", "restante_tools.lab.fetch"]
    return json.loads(namespace.run(words, seconds, json.dumps(request)))


def plan(user: str, password: str, **more: Any) -> dict[str, Any]:
    """One session of fetch.py with the origin, for `fetch`."""
    return {
        "host": network.ORIGIN,
        "port": network.POP3_PORT,
        "seconds": NETWORK_SECONDS,
        "user": user,
        "password": password,
        **more,
    }


def fetch(
    namespace: Namespace,
    plans: Sequence[dict[str, Any]],
    seconds: float = CLIENT_SECONDS,
    meeting: bool = False,
) -> list[dict[str, Any]]:
    """Run these sessions at once; one report each.

    `meeting`: all are logged in before one retrieves, and none quits before all have.
    """
    request = {"plans": list(plans), "do": "fetch", "meeting": meeting}
    reports: list[dict[str, Any]] = ask(namespace, request, seconds)
    return reports


def talk(namespace: Namespace, lines: Sequence[str], **more: Any) -> dict[str, Any]:
    """Say these lines to the origin (or to host and port in `more`); one reply line each."""
    where = {"host": network.ORIGIN, "port": network.POP3_PORT, "seconds": NETWORK_SECONDS}
    report: dict[str, Any] = ask(
        namespace, {"do": "talk", "plan": {**where, **more, "lines": list(lines)}}
    )
    return report
