"""`make lint` itself: a finding fails it, later checks run all the same, no script is missed."""

import sys

import pytest
from restante_tools.errors import ToolError
from restante_tools.places import Places
from restante_tools.testing import lint, stubs


def test_a_finding_fails_and_later_checks_still_run(tmp_path):
    mark = tmp_path / "ran"
    bad = ("bad", lambda _: [[sys.executable, "-c", "raise SystemExit(1)"]])
    good = ("good", lambda _: [[sys.executable, "-c", f"open({str(mark)!r}, 'w')"]])
    with pytest.raises(ToolError, match="lint: bad failed"):
        lint.run(Places(), [bad, good])
    assert mark.exists()
    lint.run(Places(), [good])


def test_scripts_are_found_by_their_first_line():
    found = lint.shell_scripts(Places())
    assert {"host-tools/setup", ".ci/run", "board/common/overlay/etc/init.d/rcS"} <= set(found)
    assert set(lint.tracked(Places(), "*.sh")) <= set(found)
    assert not [name for name in found if name.endswith((".py", ".pl"))]


def test_stubs_are_those_of_micropython(tmp_path):
    folder = stubs.lay_out(Places(build=tmp_path))
    assert "def ticks_ms" in (folder / "time.pyi").read_text()
    assert (folder / "stdlib" / "builtins.pyi").exists()
    assert not (folder / "click").exists()
    assert stubs.lay_out(Places(build=tmp_path)) == folder  # again, over the old one
