"""Shared by all tests: import paths, `--soak`; figures and seconds per stage at a run's end."""

import sys
from pathlib import Path

import hypothesis
import pytest

TOP = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOP / "firmware"), str(TOP / "host-tools")]

# Other programs may need the machine at the same time: how fast examples come proves nothing.
hypothesis.settings.register_profile(
    "restante", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("restante")

FIGURES = []  # lines for the end of the run: measured, not asserted
SECONDS = {}  # stage (folder below tests/) -> seconds of its set-up, calls and tear-down


def pytest_addoption(parser):
    parser.addoption("--soak", action="store_true", help="the long tests in full")
    parser.addoption("--roaming-seed", type=int, help="one sequence of the roaming matrix only")


@pytest.fixture(scope="session")
def soak(request):
    """True when the long tests run in full, False for a sample."""
    return request.config.getoption("--soak")


@pytest.fixture(scope="session")
def figures():
    """Where a test puts a line with what it measured."""
    return FIGURES


def stage_of(nodeid):
    parts = Path(nodeid.split("::")[0]).parts
    return parts[1] if len(parts) > 2 else parts[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With several processes (`-n`, `--dist loadfile`): a file's tests share boxes, so they stay
    together; all that boot the image do: two machines in QEMU take each other's processor."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return "image" if stage_of(nodeid) == "image" else nodeid.split("::")[0]

    return Together(config, log)


def pytest_runtest_logreport(report):
    stage = stage_of(report.nodeid)
    SECONDS[stage] = SECONDS.get(stage, 0) + report.duration


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):  # one of several processes: its figures go home
        session.config.workeroutput["figures"] = FIGURES


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    FIGURES.extend(getattr(node, "workeroutput", {}).get("figures", []))


def pytest_terminal_summary(terminalreporter):
    if FIGURES:
        terminalreporter.section("figures")
        for line in FIGURES:
            terminalreporter.write_line(line)
    terminalreporter.section("seconds per stage")
    for stage, seconds in SECONDS.items():
        terminalreporter.write_line("%-10s %7.1f" % (stage, seconds))
