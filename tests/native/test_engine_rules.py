"""Rules of the signatures about names, senders, subjects and entries, in whole messages."""

import io
import json
import re
import subprocess
import tarfile
import zipfile
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st
from restante_tools.signatures.clamav_containers import globs_of
from restante_tools.signatures.compiler import Compiler
from restante_tools.signatures.model import Unsupported
from test_match import EXAMPLES


@pytest.fixture
def scan(native_programs, tmp_path):
    """Screen a message with these sources: names of the signatures found, sorted."""

    def run(sources, message, *options):
        compiler = Compiler()
        for name, text in sources.items():
            compiler.add(name, text.encode())
        data, report = compiler.finish("rules", 0)
        assert report.refusals == []
        (tmp_path / "r.sig").write_bytes(data)
        octets = message if isinstance(message, bytes) else message.as_bytes()
        octets = re.sub(rb"\r?\n", b"\r\n", octets)
        (tmp_path / "m").write_bytes(re.sub(rb"(?m)^\.", b"..", octets))
        done = subprocess.run(
            [
                native_programs / "scan_cli_asan",
                "--db",
                tmp_path / "r.sig",
                *options,
                tmp_path / "m",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found = json.loads(done.stdout.splitlines()[0])["findings"]
        return sorted(f["signature"] for f in found if f["verdict"] == INFECTED)

    return run


INFECTED = 1


def yaml(key, *globs):
    listed = ", ".join(json.dumps(glob) for glob in globs)
    return {"r.yaml": f"rules:\n  - name: Rule.{key}\n    {key}: [{listed}]\n"}


def letter(sender="A <a@example.org>", subject="hello", name="note.txt", content=b"x"):
    message = EmailMessage()
    message["From"] = sender
    message["Subject"] = subject
    message.set_content("text")
    message.add_attachment(content, maintype="application", subtype="x-a", filename=name)
    return message


@pytest.mark.parametrize(
    "rules, changes, found",
    [
        (yaml("sender", "*@bad.example*"), {"sender": "B <b@bad.example>"}, True),
        (yaml("sender", "*@bad.example*"), {"sender": "B <b@BAD.Example>"}, True),
        (yaml("sender", "*@bad.example*"), {}, False),
        (yaml("subject", "*you won*"), {"subject": "Oh, You Won!"}, True),
        (yaml("subject", "*gewönne*"), {"subject": "Gewönne?"}, True),
        (yaml("subject", "you won"), {"subject": "Oh, you won"}, False),
        (yaml("file", "*.scr", "*.pif"), {"name": "a.SCR"}, True),
        (yaml("file", "*.scr", "*.pif"), {"name": "a.pif"}, True),
        (yaml("file", "*.scr"), {"name": "a.scr.txt"}, False),
        (yaml("file", "invoice[0-9][^0-9].exe"), {"name": "invoice1x.exe"}, True),
        (yaml("file", "invoice[0-9][^0-9].exe"), {"name": "invoice11.exe"}, False),
        (yaml("file", "a\\*.exe"), {"name": "a*.exe"}, True),
        (yaml("file", "a\\*.exe"), {"name": "ab.exe"}, False),
    ],
)
def test_header_and_names(scan, rules, changes, found):
    expected = [f"Rule.{next(k for k in ('sender', 'subject', 'file') if k in rules['r.yaml'])}"]
    assert scan(rules, letter(**changes), "--every-cut") == (expected if found else [])


def test_a_second_sender_counts_too(scan):
    octets = b"From: a@example.org\nFrom: b@bad.example\nSender: c@worse.example\n\ntext\n"
    assert scan(yaml("sender", "*@bad.example"), octets) == ["Rule.sender"]
    assert scan(yaml("sender", "*@worse.example"), octets) == ["Rule.sender"]
    assert scan(yaml("sender", "text"), octets) == []


def archive(names, method=zipfile.ZIP_DEFLATED, size=100):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        for name in names:
            made.writestr(name, b"a" * size)
    return file.getvalue()


def encrypted(data):
    """The same zip with the flag of an encrypted entry in both headers."""
    octets = bytearray(data)
    octets[6] |= 1
    octets[octets.index(b"PK\1\2") + 8] |= 1
    return bytes(octets)


def tarred(names, size=100):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as made:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = size
            made.addfile(entry, io.BytesIO(b"b" * size))
    return file.getvalue()


@pytest.mark.parametrize(
    "rule, content, found",
    [
        (r"C:CL_TYPE_ZIP:*:\.exe$:*:*:*:*:*:*", archive(["x/a.exe"]), True),
        (r"C:CL_TYPE_ZIP:*:\.exe$:*:*:*:*:*:*", archive(["x/a.exe.txt"]), False),
        (r"C:CL_TYPE_ZIP:*:\.exe$:*:*:*:*:*:*", tarred(["a.exe"]), False),
        (r"C:*:*:\.exe$:*:*:*:*:*:*", tarred(["a.exe"]), True),
        (r"C:CL_TYPE_POSIX_TAR:*:^(a|b)\.(exe|scr)$:*:100:*:2:*:*", tarred(["c", "b.scr"]), True),
        (r"C:CL_TYPE_POSIX_TAR:*:^(a|b)\.(exe|scr)$:*:100:*:1:*:*", tarred(["c", "b.scr"]), False),
        (r"C:CL_TYPE_ZIP:*:.*:*:90-110:0:*:*:*", archive(["a"]), True),
        (r"C:CL_TYPE_ZIP:*:.*:*:101-110:0:*:*:*", archive(["a"]), False),
        (r"C:CL_TYPE_ZIP:*:.*:1-50:*:*:*:*:*", archive(["a"]), True),
        (r"C:CL_TYPE_ZIP:*:.*:100:*:*:*:*:*", archive(["a"]), False),
        (r"C:CL_TYPE_ZIP:*:.*:100:*:*:*:*:*", archive(["a"], zipfile.ZIP_STORED), True),
        (r"C:CL_TYPE_ZIP:*:a:*:*:1:*:*:*", encrypted(archive(["a"])), True),
        (r"C:CL_TYPE_ZIP:*:a:*:*:1:*:*:*", archive(["a"]), False),
        (r"C:CL_TYPE_ZIP:*:a:*:*:0:*:*:*", encrypted(archive(["a"])), False),
        (r"C:CL_TYPE_ZIP:*:(?i)^A\.TXT$:*:*:*:*:*:*", archive(["a.txt"]), True),
        (r"C:CL_TYPE_ZIP:*:^A\.TXT$:*:*:*:*:*:*", archive(["a.txt"]), False),
        (r"C:CL_TYPE_ZIP:*:a:*:*:*:2-:*:*", archive(["b", "a"]), True),
        (r"C:CL_TYPE_ZIP:*:a:*:*:*:2-:*:*", archive(["a", "b"]), False),
    ],
)
def test_entries_of_containers(scan, rule, content, found):
    message = letter(name="box.bin", content=content)
    assert scan({"r.cdb": rule + "\n"}, message, "--every-cut") == (["C"] if found else [])


def test_sizes_behind_the_data_are_asked_at_its_end(scan):
    class Unseekable(io.BytesIO):
        def seekable(self):
            return False

        def seek(self, *_):
            raise OSError

        def tell(self):
            raise OSError

    file = Unseekable()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a", b"a" * 100)
    message = letter(name="box.bin", content=file.getvalue())
    assert scan({"r.cdb": "C:CL_TYPE_ZIP:*:a:*:100:*:1:*:*\n"}, message) == ["C"]
    assert scan({"r.cdb": "C:CL_TYPE_ZIP:*:a:*:99:*:1:*:*\n"}, message) == []


def test_a_name_inside_a_container_by_our_own_rules(scan):
    message = letter(name="box.bin", content=archive(["deep/er/a.scr"]))
    assert scan(yaml("file", "a.scr"), message) == ["Rule.file"]
    assert scan(
        yaml("file", "a.scr"), letter(name="b", content=encrypted(archive(["a.scr"])))
    ) == ["Rule.file"]


@pytest.mark.parametrize(
    "expression, names",
    [
        (r"\.exe$", ["a.exe", "aexe", "a.exe.b"]),
        (r"^inv.*ice", ["invoice", "invice.pdf", "xinvoice"]),
        (r"a.c", ["abc", "xxa-cxx", "ac"]),
        (r"a.+c", ["ac", "abc", "abbbc"]),
        (r"^colou?r$", ["color", "colour", "colouur"]),
        (r"^(ab|c(d|e))f$", ["abf", "cdf", "cef", "cf"]),
        (r"^[a-c]\d\w$", ["a1_", "d1x", "b12", "bbb"]),
        (r"^a\*b\[c\]$", ["a*b[c]", "aXb[c]"]),
        (r"one|two", ["xonex", "two", "three"]),
    ],
)
def test_globs_say_what_the_expression_says(scan, expression, names):
    for name in names:
        expected = ["C"] if re.search(expression, name) else []
        rule = {"r.cdb": f"C:CL_TYPE_POSIX_TAR:*:{expression}:*:*:*:*:*:*\n"}
        assert scan(rule, letter(name="box.bin", content=tarred([name]))) == expected, name


@pytest.mark.parametrize(
    "expression", ["a{3}", "(ab)*", "[a", r"\bword", "^a|b$", "(?=x)y", "a**b"]
)
def test_richer_expressions_are_refused(expression):
    with pytest.raises(Unsupported):
        globs_of(expression)


def glob_expression(glob):
    """A glob over the letters of the test as a regular expression."""
    return "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in glob)


def test_any_glob_as_a_regular_expression(scan):
    seen = {True: 0, False: 0}

    @EXAMPLES
    @given(st.text("ab*?.", min_size=1, max_size=7), st.text("ab.", min_size=1, max_size=8))
    def same(glob, name):
        expected = re.fullmatch(glob_expression(glob), name) is not None
        seen[expected] += 1
        rules = {"r.yaml": f"rules: [{{name: Rule, subject: {json.dumps(glob)}}}]\n"}
        assert scan(rules, f"Subject: {name}\n\n".encode()) == (["Rule"] if expected else [])

    same()
    assert min(seen.values()) > 3, seen
