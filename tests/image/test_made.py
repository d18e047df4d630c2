"""The image as it lies on the builder's disk: the same twice, described, nothing loose in it."""

import json
import re

from restante_tools.build.boards import BOARDS
from restante_tools.places import Places
from restante_tools.processes import output_of
from restante_tools.sources import lock


def test_a_second_build_elsewhere_gives_the_same_bytes(build, soak):
    done = build("verify", *(["--kernel"] if soak else []))
    assert done.returncode == 0, done.stderr
    same = re.findall(r"^(\S+): the same twice", done.stderr, re.MULTILINE)
    assert {"restante", "rootfs.sqfs", "boot.ext2", "record.bin"} | (
        {"zImage"} if soak else set()
    ) <= set(same)


def test_bill_of_materials_names_every_source_and_the_very_files(output):
    bill = json.loads((output / "restante-virt.cdx.json").read_text())
    named = {part["purl"].split("/")[2].split("@")[0] for part in bill["components"]}
    # This board needs no loader; another one's is not in its image.
    loaders = {board.loader.package for board in BOARDS.values() if board.loader}
    assert named == set(lock.read(Places().lock).packages) - loaders
    made = {
        part["name"]: part["hashes"][0]["content"]
        for part in bill["metadata"]["component"]["components"]
    }
    files = ("rootfs.sqfs", "zImage", "boot.ext2", "record.bin")
    assert made == {name: lock.sha256_of(output / name) for name in files}


def entries(output):
    """(mode, owner, name) of everything in the root file system."""
    listing = output_of(["unsquashfs", "-d", "", "-lls", output / "rootfs.sqfs"])
    for line in listing.splitlines():
        fields = line.split()
        if len(fields) >= 6 and re.match(r"[-dlbcps][-rwxsStT]{9}$", fields[0]):
            yield fields[0], fields[1], fields[5]


def test_all_belongs_to_root_and_nothing_is_loose(output):
    found = list(entries(output))
    names = {name for _, _, name in found}
    assert {"/bin/busybox", "/usr/bin/restante", "/usr/share/restante/factory.sig"} <= names
    assert {"/usr/share/restante/keys", "/usr/share/restante/roots"} <= names
    assert {owner for _, owner, _ in found} == {"root/root"}
    # Files and folders: no set-uid, no set-gid, writable by nobody but root.
    loose = [e for e in found if e[0][0] != "l" and ("s" in e[0].lower() or "w" in e[0][4:])]
    assert loose == []


def test_programs_are_static_and_ours_has_no_fixed_address(output):
    for name in ("busybox", "restante"):
        headers = output_of(["arm-linux-gnueabihf-readelf", "-lW", output / name])
        assert "INTERP" not in headers
        stack = re.search(r"GNU_STACK .* (\S+) +0x", headers)
        assert stack and "E" not in stack[1]
    header = output_of(["arm-linux-gnueabihf-readelf", "-hW", output / "restante"])
    assert re.search(r"Type: +DYN", header)


def test_kernel_is_configured_as_every_fragment_says(output):
    config = (output / "config").read_text().splitlines()
    for fragment in ("common", "virt"):
        text = (Places().board / fragment / "kernel.fragment").read_text()
        for line in text.splitlines():
            if line.startswith("CONFIG_") and not line.endswith("=n"):
                assert line in config
