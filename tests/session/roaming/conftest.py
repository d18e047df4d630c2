"""Says at the end which sequences were played."""

from roaming.played import PLAYED


def pytest_terminal_summary(terminalreporter):
    if not PLAYED:
        return
    terminalreporter.section("roaming sequences")
    for name, (seeds, wrong) in PLAYED.items():
        row = (name, len(seeds), seeds[0], seeds[-1], wrong)
        terminalreporter.write_line("%-55s %3d, seeds %d to %d, %d wrong" % row)
