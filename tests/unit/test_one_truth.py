"""What two languages must agree on: the verdict codes of C and Python."""

import re
from pathlib import Path

from restante.screening import verdicts

ENGINE = Path(__file__).resolve().parents[2] / "firmware" / "native" / "engine"


def codes_of_header():
    text = (ENGINE / "verdict.h").read_text()
    return {name: int(value) for name, value in re.findall(r"RST_(\w+) = (\d+)", text)}


def test_verdict_codes_agree():
    codes = codes_of_header()
    assert codes["CLEAN"] == 0 and len(codes) >= 11
    assert {name: getattr(verdicts, name) for name in codes} == codes


def test_every_verdict_has_name_precedence_and_action():
    every = set(range(len(verdicts.NAMES)))
    assert set(verdicts.PRECEDENCE) == every
    assert set(verdicts.DEFAULT_ACTIONS) == every
    assert len(verdicts.PRECEDENCE) == len(every)


def test_nothing_but_clean_passes_by_default():
    passing = [v for v, a in verdicts.DEFAULT_ACTIONS.items() if a == verdicts.PASS]
    assert passing == [verdicts.CLEAN]
