"""Settings with generated input: any bytes, any valid tree; and the file that holds them."""

import json
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st
from restante import settings
from restante.errors import SettingsError
from restante.settings import asking, exchange, reference, text, tree
from restante.settings.candidate import Candidate
from restante.settings.compare import differences

PAGE = Path(settings.__file__).parent / "REFERENCE.md"


@given(st.binary(max_size=2000))
def test_any_bytes_are_read_or_refused(data):
    try:
        values = text.read(data)
    except SettingsError as error:
        assert 0 <= error.line <= data.count(b"\n") + 1
        assert all(32 <= ord(c) < 127 for c in error.text)
    else:
        assert all(tree.find(path) for path in values)


words = st.sampled_from(
    sorted({w for s in tree.SETTINGS + tree.GROUP_SETTINGS for w in s.path.split()})
    + ["110", "0", "10.0.0.1/24", "x", "group", "pop.example:110"]
)


@given(st.lists(st.lists(words, max_size=5), max_size=10))
def test_lines_of_known_words_are_read_or_refused(lines):
    data = "\n".join("set " + " ".join(line) for line in lines).encode()
    try:
        values = text.read(data)
    except SettingsError as error:
        assert 1 <= error.line <= len(lines)
    else:
        assert text.read(text.write(values).encode()) == values


LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,9}[a-z0-9])?", fullmatch=True)
HOSTS = st.lists(LABEL, max_size=3).map(lambda labels: ".".join([*labels, "example"]))
NETWORKS = st.integers(1, 126).map(lambda n: "%d.0.0.0/8" % n)
PLACES = st.tuples(HOSTS | NETWORKS | st.just("192.0.2.1"), st.integers(0, 65535))


def value_of(kind):
    name = type(kind).__name__
    if name == "Integer":
        return st.integers(kind.low, kind.high)
    if name == "Choice":
        return st.sampled_from(kind.words)
    if name == "Ports":
        ports = st.integers(1, 65535).filter(lambda p: p != kind.reserved)
        return st.sets(ports, min_size=1, max_size=8).map(lambda s: tuple(sorted(s)))
    if name == "Hostname":
        return st.from_regex(r"[a-z0-9]([a-z0-9-]{0,60}[a-z0-9])?", fullmatch=True)
    if name == "TimeZone":
        return st.sampled_from(["UTC0", "JST-9", "CET-1CEST,M3.5.0,M10.5.0/3"])
    if name == "Url":
        path = st.from_regex(r"([A-Za-z0-9._-]{1,9}/){0,4}", fullmatch=True)
        return st.tuples(HOSTS, path).map(lambda parts: "http://%s/%s" % parts)
    if name == "Hosts":
        return st.lists(HOSTS, min_size=1, max_size=kind.most, unique=True).map(tuple)
    if name == "Networks":
        places = NETWORKS | st.just("192.0.2.1") | st.just("198.51.100.0/30")
        return st.lists(places, min_size=1, max_size=kind.most, unique=True).map(tuple)
    if name == "Range":
        return st.integers(1, 99).map(lambda n: (f"192.168.77.{n}", f"192.168.77.{2 * n}"))
    if name == "Host":
        return HOSTS | st.just("192.0.2.1")
    if name == "Servers":
        return st.lists(PLACES, min_size=1, max_size=16, unique=True).map(tuple)
    if name == "Users":
        pattern = st.lists(st.binary(max_size=8), min_size=1, max_size=4)
        written = pattern.map(tuple).filter(lambda p: p != (b"",))
        return st.lists(written, min_size=1, max_size=9, unique=True).map(tuple)
    if name in ("Words", "Patterns", "Hashes"):
        item = {
            "Words": lambda: st.sampled_from(kind.words),
            "Patterns": lambda: st.binary(min_size=1, max_size=8).filter(lambda p: 0 not in p),
            "Hashes": lambda: st.binary(min_size=32, max_size=32),
        }[name]()
        most = min(9, getattr(kind, "most", 9))
        return st.lists(item, min_size=1, max_size=most, unique=True).map(tuple)
    assert name in ("Address", "Interface"), name
    octets = st.tuples(st.integers(1, 126), *[st.integers(1, 254)] * 3)
    address = octets.map(lambda o: "%d.%d.%d.%d" % o)
    return address if name == "Address" else address.map(lambda a: (a, 24))


NAMED = [
    tree.Setting(tree.group_path(name, s.path), s.kind, s.default, s.help)
    for name in ("acme", "x-1")
    for s in tree.GROUP_SETTINGS
]
EVERY = {s.path: value_of(s.kind) for s in [*tree.SETTINGS, *NAMED]}
trees = st.fixed_dictionaries({}, optional=EVERY)


@given(trees)
@example({"screening allow signature": (b'"', b"a#b")})
def test_what_is_written_reads_back(values):
    whole = tree.defaults()
    whole.update(values)
    if tree.check(whole) is None:
        written = text.write(values)
        assert text.read(written.encode()) == values
        assert text.write(text.read(written.encode())) == written
        exported = exchange.write(values)
        assert json.loads(exported)["format"] == exchange.FORMAT
        assert exchange.read(exported) == values
        assert exchange.write(exchange.read(exported)) == exported


@given(trees, trees)
def test_the_difference_typed_in_makes_one_of_the_other(old, new):
    candidate = Candidate(old)
    lines = differences(old, new)
    for line in lines:
        if line.startswith("- "):
            path = next(p for p in old if text.line(p, tree.find(p).kind, old[p]) == line[2:])
            candidate.delete(b"delete " + text.written(path).encode())
    for line in lines:
        if line.startswith("+ "):
            candidate.set(line[2:].encode())
    assert candidate.values == new
    assert differences(old, old) == []


@given(st.lists(words, max_size=5), st.text(max_size=3))
def test_what_help_offers_leads_on_or_is_a_value(path, partial):
    for word, _ in asking.help(path):
        if word in asking.PLACEHOLDERS:
            continue
        further = asking.help([*path, word])
        setting = tree.find(" ".join(path))
        assert further or (setting and setting.kind.read(word) is not None)
    assert all(word.startswith(partial) for word in asking.complete(path, partial))


@given(st.text(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists))
def test_any_json_is_read_or_refused(value):
    for data in (str(value), json.dumps({"format": 1, "settings": {"log level": value}})):
        try:
            exchange.read(data)
        except SettingsError as error:
            assert error.line == 0


def test_file(tmp_path):
    path = tmp_path / "settings"
    missing = settings.load(str(path))
    assert missing.error is None and missing.get("log level") == "info"
    path.write_text("set log level debug\n")
    assert settings.load(str(path)).get("log level") == "debug"
    assert settings.load(str(path)).write() == "set log level debug\n"


def test_refused_file_means_defaults_and_says_why(tmp_path):
    path = tmp_path / "settings"
    path.write_text("set log level debug\nset sessions maximum many\n")
    loaded = settings.load(str(path))
    assert loaded.error.line == 2
    assert loaded.get("log level") == "info" and loaded.explicit == {}


def test_file_that_cannot_be_read_means_defaults_and_says_why(tmp_path):
    loaded = settings.load(str(tmp_path))
    assert loaded.error is not None and loaded.get("log level") == "info"


def test_the_reference_page_is_what_the_tree_says():
    # `restante settings reference --write` makes it.
    assert PAGE.read_text() == reference.page()
