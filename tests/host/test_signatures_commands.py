"""`restante signatures compile|inspect|test`, as a publisher runs them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from restante_tools.errors import VERIFICATION_FAILED, ToolError
from restante_tools.signatures.commands import signatures

FACTORY = Path(__file__).resolve().parents[2] / "board" / "common" / "signatures"
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + rb"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@pytest.fixture
def restante(tmp_path):
    """Run `restante signatures ...`; what went wrong is raised."""

    def run(*words):
        result = CliRunner().invoke(signatures, [str(word) for word in words])
        if isinstance(result.exception, ToolError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result

    return run


def factory_sources():
    return sorted(path for path in FACTORY.iterdir() if path.suffix != ".md")


def compile_to(restante, output, *words):
    return restante("compile", *words, "-o", output, "--name", "n", "--built", "1714979290")


def test_the_factory_set_compiles_without_a_refusal(restante, tmp_path):
    output = tmp_path / "factory.sig"
    result = compile_to(restante, output, *factory_sources(), "--strict")
    assert "refused     0" in result.stdout
    shown = restante("inspect", output, "--names").stdout
    assert "built       2024-05-06 07:08:10 UTC" in shown
    names = {line.split()[1] for line in shown.splitlines() if line[0].isdigit()}
    assert "Eicar-Test" in names
    assert len([name for name in names if name.startswith("Restante.Test.")]) >= 12


def test_every_factory_pattern_is_in_the_readme():
    readme = (FACTORY / "README.md").read_text()
    for line in (FACTORY / "restante-test.ndb").read_text().splitlines():
        if not line.startswith("#"):
            assert f"`{line.split(':')[0].removeprefix('Restante.Test.')}`" in readme


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\r", b"\x1a", b"\r\n\x1a", b"\r\n\r\n"])
def test_eicar_by_pattern_and_hash(restante, tmp_path, end):
    sample = tmp_path / "sample"
    sample.write_bytes(EICAR + end)
    for source in factory_sources():
        if source.name.startswith("eicar"):
            found = restante("test", "--reference", source, sample).stdout
            assert found == f"{sample}: Eicar-Test\n"


def test_a_clean_file_fails_the_test(restante, tmp_path):
    sample = tmp_path / "sample"
    sample.write_bytes(b"nothing " + EICAR)
    with pytest.raises(ToolError, match="no signature matches") as raised:
        restante("test", "--reference", FACTORY / "eicar.ndb", sample)
    assert raised.value.code == VERIFICATION_FAILED


def test_refusals_are_listed_and_fail_only_with_strict(restante, tmp_path):
    source = tmp_path / "a.ndb"
    source.write_text("Good:0:*:61626364\nBad:0:*:61(B)6465666768\n")
    output = tmp_path / "a.sig"
    result = compile_to(restante, output, source)
    assert f"{source}:2: Bad: boundary (B), (L) or (W)" in result.stderr
    assert "refused     1" in result.stdout and output.exists()
    output.unlink()
    with pytest.raises(ToolError, match="1 signatures were refused") as raised:
        compile_to(restante, output, source, "--strict")
    assert raised.value.code == VERIFICATION_FAILED
    assert list(tmp_path.iterdir()) == [source]


def test_report_for_machines(restante, tmp_path):
    source = tmp_path / "a.ndb"
    source.write_text("Good:0:*:61626364\nBad:3:*:61626364\n")
    result = compile_to(restante, tmp_path / "a.sig", source, "--json")
    report = json.loads(result.stdout)
    assert report["patterns"] == 1
    assert report["refused"][0]["line"] == 2
    assert report["octets"] == (tmp_path / "a.sig").stat().st_size


def test_unknown_formats_are_refused(restante, tmp_path):
    source = tmp_path / "a.cbc"
    source.write_text("x\n")
    with pytest.raises(ToolError, match="not a known signature format"):
        compile_to(restante, tmp_path / "a.sig", source)


def test_inspect_says_what_is_wrong(restante, tmp_path):
    bad = tmp_path / "bad.sig"
    bad.write_bytes(b"RSTSIG\x1a\n")
    with pytest.raises(ToolError) as raised:
        restante("inspect", bad)
    assert "cut off" in raised.value.cause
