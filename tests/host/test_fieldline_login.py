"""Where a tool has the user and the password from, and what it shows of them."""

import click
import pytest
from click.testing import CliRunner
from restante.control import door
from restante_tools.errors import FAILED, USAGE, ToolError
from restante_tools.fieldline import commands, login, script, session

SECRET = "planted S3CRET of the host"


@click.command()
@login.options
def verb():
    who = login.credentials()
    click.echo(who.command())


def run(*words, env=None):
    return CliRunner().invoke(verb, words, env=env or {})


def test_words_are_those_of_the_box():
    assert (login.DENIED, login.WRONG) == (door.DENIED, door.WRONG)
    assert login.SECRET.encode() == door.SECRET and login.FIRST_USER == door.FIRST_USER


def test_from_a_file_or_the_environment(tmp_path):
    file = tmp_path / "password"
    file.write_text(SECRET + "\nsecond line\n")
    assert run("--password-file", str(file)).output == f"*login admin {SECRET}\n"
    env = {login.PASSWORD: SECRET, login.USER: "bob"}
    assert run(env=env).output == f"*login bob {SECRET}\n"
    assert run("--user", "eve", env=env).output == f"*login eve {SECRET}\n"


@pytest.mark.parametrize("content", ["", "\n", "Stra\u00dfe", "a\tb"])
def test_what_is_no_password_is_refused_and_not_shown(tmp_path, content):
    file = tmp_path / "password"
    file.write_text(content)
    error = run("--password-file", str(file)).exception
    assert isinstance(error, ToolError) and error.code == USAGE
    assert not content.strip() or content not in str(error)


def test_a_file_that_is_not_there_and_nobody_to_ask(tmp_path):
    error = run("--password-file", str(tmp_path / "none")).exception
    assert isinstance(error, ToolError) and error.code == USAGE
    error = run().exception  # standard input is no terminal
    assert isinstance(error, ToolError) and "--password-file" in error.hint


def test_no_verb_takes_a_password_as_an_argument():
    for verb_ in (commands.run_file, commands.pull, commands.diff, commands.push):
        names = [name for option in verb_.params for name in option.opts]
        assert "--password-file" in names and "--user" in names
        assert "--password" not in names


def test_errors_do_not_show_it():
    assert session.shown(login.Credentials("admin", SECRET).command()) == "the login"
    assert session.shown("show log") == "'show log'"
    error = login.refused("admin", login.NONE_YET, ())
    assert error.code == FAILED and "restante console" in error.hint


def test_a_password_has_no_place_in_a_script(tmp_path):
    file = tmp_path / "script"
    for line in (f"*login admin {SECRET}", f"! *login admin {SECRET}"):
        file.write_text("ping\n" + line + "\n")
        with pytest.raises(ToolError) as caught:
            script.read(file)
        assert caught.value.code == USAGE and SECRET not in str(caught.value)
