"""What the gate and the engine must agree on beyond verdicts: limits and bounds of a report."""

import ast
import re
from pathlib import Path

from restante.screening import wire

ENGINE = Path(__file__).resolve().parents[2] / "firmware" / "native" / "engine"


def number(text):
    """`256ull * 1024 * 1024` as a number."""
    value = 1
    for factor in re.sub(r"(?<=\d)[uUlL]+", "", text).split("*"):
        value *= ast.literal_eval(factor.strip())
    return value


def test_a_setting_of_zero_stands_for_the_engines_own_limit():
    text = (ENGINE / "limits.c").read_text()
    found = {n: number(v) for n, v in re.findall(r"limits->(\w+) = ([^;]+);", text)}
    ours = {
        "depth": wire.DEPTH,
        "entries": wire.ENTRIES,
        "ratio": wire.RATIO,
        "expanded": wire.EXPANDED,
        "work": wire.WORK,
    }
    assert found == ours


class Settings:
    def __init__(self, value):
        self.value = value

    def get(self, path):
        return self.value


def test_limits_of_settings():
    own = wire.limits_of(Settings(0))
    assert (own.depth, own.work) == (wire.DEPTH, wire.WORK)
    assert vars(wire.limits_of(Settings(7))) == dict.fromkeys(vars(own), 7)


def test_bounds_of_a_report():
    text = (ENGINE / "engine.h").read_text()
    found = {n: int(v) for n, v in re.findall(r"(RST_MAX_\w+) = (\d+)", text)}
    assert found["RST_MAX_FINDINGS"] == wire.MAX_FINDINGS
    assert found["RST_MAX_NAME"] == wire.MAX_NAME + 1
    assert found["RST_MAX_FIELD"] == wire.MAX_FIELD
    assert found["RST_MAX_KEEP"] == wire.MAX_KEEP
    edits = {n: int(v) for n, v in re.findall(r"RST_EDIT_(\w+) = (\d+)", text)}
    assert edits == {
        "WHOLE": wire.EDIT_WHOLE,
        "PART": wire.EDIT_PART,
        "LINES": wire.EDIT_LINES,
    }


def test_bounds_of_a_request():
    text = (ENGINE.parent / "worker" / "request.h").read_text()
    found = {n: int(v) for n, v in re.findall(r"(RST_\w+) = (\d+),", text)}
    assert found["RST_REQUEST_OCTETS"] == wire.REQUEST_OCTETS
    assert found["RST_MOST_RULES_OCTETS"] == wire.MAX_RULES
    scratch = re.search(r"RST_SCRATCH_OCTETS = ([^,]+),", (ENGINE / "engine.h").read_text())
    assert number(scratch[1]) == wire.SCRATCH_OCTETS
