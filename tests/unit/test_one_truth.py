"""What two languages must agree on: verdict codes, types and rules of C and Python."""

import re
from pathlib import Path

from restante.mail import notice
from restante.relay import tlsfaults
from restante.screening import rules, types, verdicts
from restante.settings import tree
from restante.update import state

ENGINE = Path(__file__).resolve().parents[2] / "firmware" / "native" / "engine"


def test_where_a_signature_set_has_its_name():
    text = (ENGINE / "sigfile.h").read_text()
    at = {name: int(n) for name, n in re.findall(r"RST_HEAD_(\w+) = (\d+),", text)}
    assert (at["NAME"], at["TABLE"]) == (state.NAME_AT, state.NAMES_AT)
    assert "RST_SECTION_NAMES = 0," in text  # its row is the first of the table


def codes_of_header():
    text = (ENGINE / "verdict.h").read_text()
    return {name: int(value) for name, value in re.findall(r"RST_(\w+) = (\d+)", text)}


def test_verdict_codes_agree():
    codes = codes_of_header()
    assert codes["CLEAN"] == 0
    assert codes.pop("VERDICTS") == len(verdicts.NAMES) == len(codes) + 1  # and "killed"
    assert {name: getattr(verdicts, name) for name in codes} == codes


def test_every_verdict_has_name_precedence_and_action():
    every = set(range(len(verdicts.NAMES)))
    assert set(verdicts.PRECEDENCE) == every
    assert set(verdicts.DEFAULT_ACTIONS) == every
    assert len(verdicts.PRECEDENCE) == len(every)


def test_nothing_but_clean_passes_by_default():
    passing = [v for v, a in verdicts.DEFAULT_ACTIONS.items() if a == verdicts.PASS]
    assert passing == [verdicts.CLEAN]


def test_precedence_agrees():
    text = (ENGINE / "report.c").read_text()
    ranks = {int(v): codes_of_header()[k] for k, v in re.findall(r"\[RST_(\w+)\] = (\d+)", text)}
    worst_first = [ranks[rank] for rank in sorted(ranks, reverse=True)]
    assert worst_first == [v for v in verdicts.PRECEDENCE if v != verdicts.KILLED]


def test_every_verdict_has_words_for_a_notice():
    assert set(notice._WHY) == set(range(1, len(verdicts.NAMES)))


def test_types_and_families_agree():
    text = (ENGINE / "type.c").read_text()
    names = re.findall(r'^ +\[RST_TYPE_\w+\] = \{"([^"]+)"', text, re.MULTILINE)
    families = [name for name in re.findall(r'\[RST_FAMILY_\w+\] = "([^"]*)"', text) if name]
    assert sorted(types.TYPES) == sorted(names) and len(set(names)) == len(names) > 80
    assert sorted(types.FAMILIES) == sorted(families) and len(families) == 14


def test_rule_kinds_and_sizes_agree():
    text = (ENGINE / "rules.h").read_text()
    kinds = {k: int(v) for k, v in re.findall(r"RST_RULE_(\w+) = (\d+)", text)}
    assert kinds.pop("KINDS") == len(kinds) + 1 == 9
    assert {name: getattr(rules, name) for name in kinds} == kinds
    assert f"RST_MAX_RULES = {rules.BLOB_OCTETS}" in text


def test_faults_of_tls_agree():
    text = (ENGINE.parent / "tls" / "session.h").read_text()
    block = text[text.index("RST_TLS_NO_FAULT") :]
    names = re.findall(r"RST_TLS_(\w+),", block[: block.index("};")])
    assert names[0] == "NO_FAULT" and len(names) > 8
    assert {name: getattr(tlsfaults, name) for name in names[1:]} == {
        name: n for n, name in enumerate(names) if n
    }
    assert int(re.search(r"RST_TLS_PINS = (\d+)", text)[1]) == tree.PINS
