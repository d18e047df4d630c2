"""Console commands: grammar, the form of an answer, what is shown.  Also on MicroPython."""

from restante.control import grammar, tables, wire
from restante.control.answers import Control
from restante.control.grammar import CommandError
from restante.limits import CONTROL_LINE_OCTETS


def test_every_command_has_an_answer():
    for command, _, _ in grammar.COMMANDS:
        assert callable(Control._method(Control, command)), command


def refused(line):
    try:
        grammar.parse(line)
    except CommandError as error:
        return error
    raise AssertionError("accepted: %r" % line)


def test_commands():
    assert grammar.parse(b"show status") == ("show status", [])
    assert grammar.parse(b"  show\t log  ") == ("show log", [])
    assert grammar.parse(b"?") == ("help", [])
    assert grammar.parse(b"quarantine release 12") == ("quarantine release", ["12"])
    assert grammar.parse(b"quarantine release 12 force") == ("quarantine release", ["12", "force"])


def test_a_name_of_several_words():
    assert grammar.parse(b"show account anna @ acme") == ("show account", ["anna @ acme"])
    assert grammar.parse(b"show account  0123456789abcdef") == (
        "show account",
        ["0123456789abcdef"],
    )
    assert grammar.parse(b"show accounts") == ("show accounts", [])
    assert grammar.parse(b"erase account anna @ acme") == ("erase account", ["anna @ acme"])
    yes = ("erase account", ["anna @ acme", "yes"])
    assert grammar.parse(b"erase account anna @ acme yes") == yes
    # A single word is the name, whatever it is: nothing is erased by leaving the name out.
    assert grammar.parse(b"erase account yes") == ("erase account", ["yes"])
    assert grammar.parse(b"erase account yes yes") == ("erase account", ["yes", "yes"])
    assert refused(b"show account").hint == "type: show account NAME"
    assert refused(b"erase account").hint == "type: erase account NAME [yes]"
    assert refused(b"show accounts anna").hint == "type: show accounts"


def test_a_name_of_several_words_and_a_number():
    restore = grammar.parse(b"account restore anna @ acme 12")
    assert restore == ("account restore", ["anna @ acme", "12"])
    assert grammar.parse(b"account restore 0123 7") == ("account restore", ["0123", "7"])
    assert refused(b"account restore 7").hint == "type: account restore NAME NUMBER"
    assert refused(b"account restore").hint == "type: account restore NAME NUMBER"
    assert refused(b"account").hint == "type: account deleted|restore"


def test_wrong_commands_say_what_may_follow():
    assert "status|sessions|log|alarms" in refused(b"show").hint
    assert "status|sessions|log|alarms" in refused(b"show thing").hint
    assert "list|show|history|release|delete" in refused(b"quarantine").hint
    assert "help" in refused(b"x").hint
    assert "help" in refused(b"").hint
    assert refused(b"quarantine show").hint == "type: quarantine show ID"
    assert refused(b"quarantine show 1 2").hint == "type: quarantine show ID"
    assert refused(b"quarantine release 1 Force").hint == "type: quarantine release ID [force]"
    assert refused(b"quarantine release 1 force force").hint
    assert refused(b"reboot now").hint == "type: reboot [yes]"


def test_what_programs_ask_is_not_shown():
    assert grammar.parse(b"log after 5") == ("log after", ["5"])
    assert not any("log after" in line for line in grammar.help_lines())


def test_optional_words_and_values():
    assert grammar.parse(b"ping") == ("ping", [])
    assert grammar.parse(b"ping 192.0.2.1 3") == ("ping", ["192.0.2.1", "3"])
    assert grammar.parse(b"monitor log info") == ("monitor log", ["info"])
    assert grammar.parse(b"show log") == ("show log", [])
    assert grammar.parse(b"factory reset yes") == ("factory reset", ["yes"])
    assert refused(b"factory reset YES").hint == "type: factory reset [yes]"
    assert refused(b"ping a 1 b").hint == "type: ping [HOST] [COUNT]"
    assert "after" not in refused(b"x").hint


def test_every_octet_value_is_taken_or_refused_with_printable_text():
    for code in range(256):
        try:
            grammar.parse(b"show st" + bytes([code]) + b"atus")
        except CommandError as error:
            assert all(32 <= ord(c) < 127 for c in error.text + error.hint)


def test_long_lines():
    error = refused(b"x" * CONTROL_LINE_OCTETS)
    assert len(error.text) < 80
    assert str(CONTROL_LINE_OCTETS) in refused(b"x" * (CONTROL_LINE_OCTETS + 1)).text
    assert len(refused(b"quarantine show " + b"x " * 400).text) < 120


def read(data, limit=65536):
    reader = wire.AnswerReader(limit)
    reader.feed(data)
    return reader


def test_answer_survives_the_wire_however_it_is_cut():
    lines = ["", ".", "..", ".x", "plain", "x" * 400]
    data = wire.first(False, "why") + b"".join(wire.body(line) for line in lines) + wire.END
    for cut in range(len(data) + 1):
        reader = wire.AnswerReader(65536)
        reader.feed(data[:cut])
        assert reader.done == (cut == len(data))
        reader.feed(data[cut:])
        assert (reader.ok, reader.text, reader.lines) == (False, "why", lines)


def test_the_longest_line_is_shown_whole():
    lines = ["x" * wire.LINE_OCTETS]
    reader = read(wire.first(True, "") + wire.body(lines[0]) + wire.END)
    assert reader.done and reader.lines == lines


def test_answer_holds_no_control_character():
    for code in list(range(32)) + list(range(127, 256)) + [0x202E]:
        for data in (wire.first(True, "a" + chr(code)), wire.body("a" + chr(code))):
            assert data.endswith(b"\r\n") and all(32 <= octet < 127 for octet in data[:-2])


def test_answer_lines_are_bounded():
    assert len(wire.first(False, "\x00" * 5000)) <= 512
    assert len(wire.body("\x00" * 5000)) <= wire.LINE_OCTETS + 5
    assert len(wire.body("x" * 5000)) <= wire.LINE_OCTETS + 5


def test_what_is_no_answer_is_refused():
    for data in (b"HELLO\r\n", b"\r\n", b"OK\n", b"+OKAY\n"):
        try:
            read(data)
        except ValueError:
            continue
        raise AssertionError(data)
    try:
        read(b"+OK\r\n" + b"x" * 100, 50)
    except ValueError:
        return
    raise AssertionError("an endless answer was taken")


def test_empty_ok():
    assert read(b"+OK\r\n.\r\n").done and read(b"+OK\r\n.\r\n").text == ""


def test_table_is_aligned_and_bounded():
    lines = tables.table(("id", "who", "what"), [(1, "x" * 50, "a"), (22, "y", "b" * 50)], 10)
    assert lines[0].startswith("id  who")
    assert lines[1] == "1   xxxxxxxx..  a"
    assert lines[2] == "22  y           bbbbbbbb.."
    assert tables.table(("a", "b"), [("x" * 5, "y" * 9)], 4, 9)[1] == "xx..  yyyyyyyyy"


def test_duration():
    assert tables.duration(0) == "0d 00:00:00"
    assert tables.duration(90061) == "1d 01:01:01"
