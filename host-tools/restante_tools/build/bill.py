"""The bill of materials: what was really built in, as CycloneDX 1.5.

Rule: it says what was taken, not what the lock file asks for. No dates, no random identity: the
same build gives the same bill.
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path

from restante_tools.sources.lock import Package, sha256_of

PURPOSES = {
    "linux-source-6.12": ("linux", "operating-system"),
    "busybox": ("busybox", "application"),
    "musl": ("musl", "library"),
    "micropython": ("micropython", "framework"),
    "zlib": ("zlib", "library"),
    "bzip2": ("bzip2", "library"),
    "xz-utils": ("xz", "library"),
    "lhasa": ("lhasa", "library"),
    "cabextract": ("libmspack", "library"),
    "7zip": ("7zip", "library"),
    "mbedtls": ("mbedtls", "library"),
    "ca-certificates": ("ca-certificates", "data"),
    "libsodium": ("libsodium", "library"),
    "u-boot-sunxi": ("u-boot", "firmware"),
}
# Of Debian's packages, by their kind in the lock file; any other kind is an architecture's name.
ARCHITECTURES = {"source": "source", "binary": "all", "files": "all"}
NAMESPACE = uuid.UUID("6d6b2f4a-52a1-4b5c-9d0e-73626f6d0000")


def component(package: Package, suite: str) -> dict[str, object]:
    """One package as a component: name, upstream version, licence, hashes of its source files."""
    name, kind = PURPOSES[package.name]
    debian = package.version.replace(":", "%3A").replace("+", "%2B").replace("~", "%7E")
    architecture = ARCHITECTURES.get(package.kind, package.kind)
    return {
        "type": kind,
        "bom-ref": f"{name}@{package.upstream}",
        "name": name,
        "version": package.upstream,
        "licenses": [{"expression": package.licence}],
        "purl": f"pkg:deb/debian/{package.name}@{debian}?arch={architecture}&distro={suite}",
        "properties": [
            {"name": f"restante:source:{file}", "value": f"sha256:{digest}"}
            for file, digest in sorted(package.files.items())
        ],
    }


def bill(board: str, packages: dict[str, Package], suite: str, files: list[Path]) -> str:
    """The text of the bill for the finished `files` of a board."""
    made = [
        {
            "type": "file",
            "bom-ref": file.name,
            "name": file.name,
            "hashes": [{"alg": "SHA-256", "content": sha256_of(file)}],
        }
        for file in files
    ]
    parts = [component(packages[name], suite) for name in sorted(PURPOSES) if name in packages]
    firmware: dict[str, object] = {
        "type": "firmware",
        "bom-ref": f"restante-{board}",
        "name": f"restante-{board}",
        "licenses": [{"license": {"id": "MIT"}}],
        "components": made,
    }
    content = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": firmware},
        "components": parts,
        "dependencies": [
            {"ref": f"restante-{board}", "dependsOn": [part["bom-ref"] for part in parts]}
        ],
    }
    identity = uuid.uuid5(NAMESPACE, json.dumps(content, sort_keys=True))
    content["serialNumber"] = f"urn:uuid:{identity}"
    return json.dumps(content, indent=2, sort_keys=True) + "\n"
