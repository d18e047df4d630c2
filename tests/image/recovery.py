"""What our own recovery finds on a medium that was cut off: recovered_on_box.py, run here."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from restante.box import keys
from restante_tools.lab.nativegate import interpreter
from restante_tools.places import Places

HERE = Path(__file__).parent
SECONDS = 60


@dataclass(frozen=True)
class Found:
    """`accounts`: [state, whether the password opens it]; `messages`: UIDL: SHA-256, or `-`;
    `held`: UIDL: (state, SHA-256)."""

    accounts: list
    messages: dict
    held: dict


def recovered(medium, folder, password):
    """`folder`: a new one; what was read out stays in its `data`."""
    data, run = folder / "data", folder / "run"
    medium.read_out(data)
    run.mkdir()
    key = run / "device-key"
    key.touch(0o600)
    key.write_bytes(keys.subkey(medium.key, keys.DEVICE, keys.KEY_OCTETS))
    words = [interpreter(Places()), HERE / "recovered_on_box.py", data, run, password]
    environment = {"MICROPYPATH": f"{Places().firmware}:.frozen"}
    done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=SECONDS)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows and rows[-1] == ["end"], done.stdout + done.stderr
    assert [row for row in rows if row[0] == "problem"] == []
    return Found(
        [row[2:] for row in rows if row[0] == "account"],
        {row[2]: row[3] for row in rows if row[0] == "message"},
        {row[1]: (row[2], row[3]) for row in rows if row[0] == "held"},
    )
