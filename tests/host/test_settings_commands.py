"""The verb `settings`: the page in the repository, files to JSON and back."""

import json

import pytest
from click.testing import CliRunner
from restante_tools.errors import ToolError
from restante_tools.settings import commands

LINES = "set log level debug\nset group acme servers pop.example\n"


def run(*words):
    result = CliRunner().invoke(commands.settings, [str(w) for w in words], standalone_mode=False)
    if result.exception:
        raise result.exception
    return result


def test_the_page_of_the_repository_is_the_trees():
    assert run("reference").return_value == 0


def test_a_page_that_differs_is_told_and_written_anew(tmp_path, monkeypatch):
    page = tmp_path / "REFERENCE.md"
    page.write_text("old\n")
    monkeypatch.setattr(commands, "REFERENCE", page)
    told = run("reference")
    assert told.return_value == 1 and "--write" in told.output
    assert run("reference", "--write").return_value == 0
    assert run("reference").return_value == 0
    assert "| `log level` | `info` |" in page.read_text()


def test_there_and_back(tmp_path):
    file, exported = tmp_path / "office", tmp_path / "office.json"
    file.write_text("# our office\n" + LINES)
    exported.write_text(run("export", file).output)
    assert json.loads(exported.read_text())["settings"]["group acme servers"] == ["pop.example"]
    assert sorted(run("import", exported).output.split("\n")) == sorted(LINES.split("\n"))
    run("check", file)


@pytest.mark.parametrize(
    ("verb", "content", "what"),
    [
        (
            "check",
            "\nset log level loud\n",
            "line 2: 'log level' cannot be 'loud'; allowed: error",
        ),
        ("export", "set thing 1\n", "line 1: no setting 'thing 1'"),
        ("import", "{}", "format"),
        ("import", '{"format": 1, "settings": {"log level": 1}}', "'log level' cannot be '1'"),
    ],
)
def test_errors_name_the_line_or_the_path(tmp_path, verb, content, what):
    file = tmp_path / "bad"
    file.write_text(content)
    with pytest.raises(ToolError) as caught:
        run(verb, file)
    assert what in caught.value.what
