"""Archives by the program 7-Zip."""

import shutil
import subprocess

SEVEN_ZIP = shutil.which("7zz") or shutil.which("7z")


def pack(folder, files, *options):
    """The octets of an archive of `files` (name -> octets), made in the empty folder."""
    assert SEVEN_ZIP, "the package 7zip is not installed"
    for name, octets in files.items():
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(octets)
    kind = () if any(option.startswith("-t") for option in options) else ("-t7z",)
    done = subprocess.run(
        [SEVEN_ZIP, "a", *kind, "-bd", *options, folder / "archive", "."],
        cwd=folder / "in",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("archive*")).read_bytes()
