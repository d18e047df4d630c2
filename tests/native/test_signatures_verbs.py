"""`restante signatures test` and `bench` through the engine's own programs."""

import re

import pytest
from click.testing import CliRunner
from restante_tools.errors import ToolError
from restante_tools.signatures.commands import signatures

SOURCE = "One;Target:0;0&1;61626364;7a797877\nTwo;Target:0;0>1;61626364\n"


@pytest.fixture
def restante(native_programs):
    def run(verb, *words):
        words = [verb, "--programs", native_programs, *words]
        result = CliRunner().invoke(signatures, [str(word) for word in words])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "a.ldb"
    path.write_text(SOURCE)
    return path


def test_which_signature_matches_which_file(restante, source, tmp_path):
    files = [tmp_path / name for name in ("x", "y", "z")]
    for file, data in zip(files, (b"abcd zyxw", b"abcdabcd", b"nothing"), strict=True):
        file.write_bytes(data)
    expected = [f"{files[0]}: One", f"{files[1]}: Two", f"{files[2]}: -"]
    assert restante("test", source, *files).splitlines() == expected
    result = CliRunner().invoke(
        signatures,
        ["compile", str(source), "-o", str(tmp_path / "a.sig"), "--name", "n", "--built", "1"],
    )
    assert result.exit_code == 0
    assert restante("test", tmp_path / "a.sig", *files).splitlines() == expected
    with pytest.raises(ToolError, match="no signature matches"):
        restante("test", source, files[2])


def test_bench_gives_figures(restante, source):
    shown = restante("bench", source, "--octets", "2000000")
    assert re.search(r"open +[\d,]+ microseconds", shown)
    assert float(re.search(r"speed +([\d.]+) MB/s", shown)[1]) > 1
    assert re.search(r"octets +[\d,]{9,}", shown)
