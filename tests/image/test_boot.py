"""The image boots, says what it is, and is as small as promised."""

from restante_tools.lab import boxconsole
from restante_tools.lab.table import SLOT_LIMIT


def test_the_slot_fits_the_flash(site):
    assert site.image.slot_octets() <= SLOT_LIMIT


def test_start_up_and_kernel_complain_of_nothing(site):
    log = site.box.serial_log.read_text(encoding="utf-8", errors="replace")
    wrong = ("Oops", "BUG:", "Kernel panic", "Traceback", "start-up: the network", "damaged")
    found = [line for line in log.splitlines() if any(word in line for word in wrong)]
    assert found == []


def test_status_names_what_matters(ask):
    answer = boxconsole.must(ask, "show status")
    assert answer.value("screening").startswith("enabled")
    assert answer.value("bundle").startswith("factory")
    assert answer.value("IPv6").startswith("not forwarded")
    assert not answer.value("settings")


def test_self_test_passes(ask):
    answer = boxconsole.must(ask, "self-test")
    assert all(line.startswith("ok") for line in answer.lines)
    assert answer.lines


def test_help_lists_the_commands(ask):
    text = "\n".join(boxconsole.must(ask, "help").lines)
    for command in ("show status", "quarantine list", "self-test", "reboot"):
        assert command in text


def test_an_unknown_command_is_refused_with_a_next_step(ask):
    answer = ask("shwo status")
    assert not answer.ok
    assert answer.lines
