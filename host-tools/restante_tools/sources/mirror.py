"""The Debian mirror that this machine already uses.

Rule: asks apt itself, which reads both formats of its configuration; changes nothing. The answer
may be used for another suite of the same archive.
"""

from __future__ import annotations

from pathlib import Path

from restante_tools.errors import ToolError
from restante_tools.processes import output_of

OS_RELEASE = Path("/etc/os-release")
ARCHITECTURE = "amd64"


def codename(os_release: str) -> str:
    """The release's name from the text of /etc/os-release; ToolError if it is not Debian."""
    fields = dict(line.split("=", 1) for line in os_release.splitlines() if "=" in line)
    name = fields.get("VERSION_CODENAME", "").strip('"')
    if fields.get("ID", "").strip('"') != "debian" or not name:
        raise ToolError(
            "this machine is not a Debian 12 or 13",
            f"{OS_RELEASE} says {fields.get('PRETTY_NAME', 'nothing')}",
            "build on Debian, or in a Debian container",
        )
    return name


def archives(print_uris: str, release: str) -> list[str]:
    """Archives that carry `release`, from what `apt-get update --print-uris` says.

    Debian's own archive is conventionally called `debian`: such come first, since a third party's
    may carry the same release name.
    """
    tail = f"/dists/{release}/InRelease"
    found: list[str] = []
    for line in print_uris.splitlines():
        uri = line.split(" ", 1)[0].strip("'")
        if uri.endswith(tail) and not uri.startswith("cdrom:"):
            archive = uri.removesuffix(tail)
            if archive not in found:
                found.append(archive)
    return sorted(found, key=lambda archive: not archive.endswith("/debian"))


def machine_mirrors() -> list[str]:
    """Archives of this machine's own apt configuration, the likeliest first."""
    architecture = output_of(["dpkg", "--print-architecture"]).strip()
    if architecture != ARCHITECTURE:
        raise ToolError(
            f"this machine is {architecture}; only {ARCHITECTURE} is supported",
            "the pinned compilers and tools exist for one architecture only",
            "build on an amd64 machine",
        )
    release = codename(OS_RELEASE.read_text(encoding="utf-8"))
    found = archives(output_of(["apt-get", "update", "--print-uris"]), release)
    if not found:
        raise ToolError(
            f"apt knows no mirror for {release}",
            "neither /etc/apt/sources.list nor /etc/apt/sources.list.d names a Debian archive",
            "add a Debian mirror to apt's configuration",
        )
    return found
