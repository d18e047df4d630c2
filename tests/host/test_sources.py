"""Sources: what the lock file says, and what happens when mirror and lock disagree."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from restante_tools.errors import ToolError
from restante_tools.places import Places
from restante_tools.sources import apt, fetch, lock, mirror

TOP = Path(__file__).resolve().parents[2]

ZLIB = lock.Package(
    name="zlib",
    kind="source",
    series="1.3",
    licence="Zlib",
    version="1:1.3.dfsg+really1.3.1-1",
    files={"zlib.tar.gz": hashlib.sha256(b"zlib").hexdigest()},
)


def test_the_lock_file_is_what_its_writer_writes():
    text = (TOP / "host-tools" / "sources.lock").read_text()
    assert lock.text_of(lock.read(TOP / "host-tools" / "sources.lock")) == text


def test_every_locked_package_has_hashes_and_belongs_to_its_series():
    for package in lock.read(TOP / "host-tools" / "sources.lock").packages.values():
        assert package.files and all(len(digest) == 64 for digest in package.files.values())
        assert package.in_series(package.version)


def test_a_damaged_lock_file_is_refused_with_a_next_step(tmp_path):
    damaged = tmp_path / "sources.lock"
    damaged.write_text('suite = "trixie"\n[packages.zlib]\nkind = 1\nnonsense = 2\n')
    with pytest.raises(ToolError) as refusal:
        lock.read(damaged)
    assert "git checkout" in refusal.value.hint


def test_upstream_version_has_neither_epoch_nor_revision():
    assert ZLIB.upstream == "1.3.dfsg+really1.3.1"


def test_fingerprint_follows_the_hashes_only():
    assert replace(ZLIB, version="other").fingerprint() == ZLIB.fingerprint()
    assert replace(ZLIB, files={"zlib.tar.gz": "0" * 64}).fingerprint() != ZLIB.fingerprint()


def test_locked_version_wins_over_a_newer_one():
    assert fetch.chosen(ZLIB, ["1:1.3.2-1", ZLIB.version]) == ZLIB.version


def test_newest_of_the_series_stands_in():
    assert fetch.chosen(ZLIB, ["1:1.4.0-1", "1:1.3.2-2", "1:1.3.2-1"]) == "1:1.3.2-2"


def test_another_series_never_stands_in():
    with pytest.raises(ToolError) as refusal:
        fetch.chosen(ZLIB, ["1:1.4.0-1"])
    assert "1:1.4.0-1" in refusal.value.cause


def test_a_file_counts_only_with_its_hash(tmp_path):
    places = Places(tmp_path)
    places.downloads.mkdir(parents=True)
    assert not fetch.is_here(places, ZLIB)
    (places.downloads / "zlib.tar.gz").write_bytes(b"zlib")
    assert fetch.is_here(places, ZLIB)
    (places.downloads / "zlib.tar.gz").write_bytes(b"zlib!")
    assert not fetch.is_here(places, ZLIB)


def test_a_replacement_is_remembered_and_a_damaged_note_is_none(tmp_path):
    places = Places(tmp_path)
    places.downloads.mkdir(parents=True)
    got = replace(ZLIB, version="1:1.3.2-1")
    assert fetch.replacement(places, ZLIB) is None
    fetch.remember_replacement(places, ZLIB, got)
    assert fetch.replacement(places, ZLIB) == got
    fetch.note_of(places, ZLIB).write_text("{")
    assert fetch.replacement(places, ZLIB) is None


class OneVersion:
    """A suite that serves one version of everything, with given bytes."""

    def __init__(self, version, content):
        self.version, self.content = version, content

    def versions(self, name, kind):
        return [self.version]

    def download(self, name, kind, version, into):
        (into / "zlib.tar.gz").write_bytes(self.content)


def test_other_bytes_under_the_locked_version_are_refused(tmp_path):
    places = Places(tmp_path)
    places.downloads.mkdir(parents=True)
    with pytest.raises(ToolError) as refusal:
        fetch.fetch_one(places, OneVersion(ZLIB.version, b"evil"), ZLIB)
    assert refusal.value.code == 3
    assert not (places.downloads / "zlib.tar.gz").exists()


def test_what_stands_in_is_recorded_with_its_own_hashes(tmp_path):
    places = Places(tmp_path)
    places.downloads.mkdir(parents=True)
    got = fetch.fetch_one(places, OneVersion("1:1.3.2-1", b"newer"), ZLIB)
    assert got.files == {"zlib.tar.gz": hashlib.sha256(b"newer").hexdigest()}
    assert fetch.is_here(places, got) and not fetch.is_here(places, ZLIB)


URIS = """\
'http://third.party/apt/dists/bookworm/InRelease' third.party 0
'cdrom:[Debian]/dists/bookworm/InRelease' cdrom 0
'http://mirror.local/debian/dists/bookworm/InRelease' mirror.local 0
'http://mirror.local/debian/dists/bookworm-updates/InRelease' mirror.local 0
'http://mirror.local/debian/dists/bookworm/main/binary-amd64/Packages.xz' mirror.local 0
"""


def test_the_mirror_is_the_machines_debian_archive():
    assert mirror.archives(URIS, "bookworm") == [
        "http://mirror.local/debian",
        "http://third.party/apt",
    ]
    assert mirror.archives(URIS, "trixie") == []


def test_only_debian_is_accepted():
    assert mirror.codename('ID=debian\nVERSION_CODENAME=bookworm\nNAME="a=b"\n') == "bookworm"
    with pytest.raises(ToolError):
        mirror.codename("ID=ubuntu\nVERSION_CODENAME=noble\n")


def test_the_way_to_the_mirror_is_taken_over_and_nothing_else():
    dump = (
        'APT::Update::Post-Invoke:: "rm -rf /";\n'
        'Acquire::http::Proxy "http://proxy:3128";\n'
        'Acquire::IndexTargets::deb::Packages::MetaKey "x";\n'
        'Acquire::CompressionTypes "";\n'
    )
    assert apt.acquire_settings(dump) == 'Acquire::http::Proxy "http://proxy:3128";\n'


def test_versions_are_ordered_as_debian_orders_them():
    assert apt.highest_first(["1.2-1", "1:0.1-1", "1.10-1", "1.2~rc1-1", "1.2-1"]) == [
        "1:0.1-1",
        "1.10-1",
        "1.2-1",
        "1.2~rc1-1",
    ]


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("E: Temporary failure resolving 'x'", "cannot be reached"),
        ("W: GPG error: NO_PUBKEY 0123", "not signed by Debian"),
        ("E: Hash Sum mismatch", "not the one that Debian signed"),
        ("E: Write error - write (28: No space left on device)", "no space left"),
    ],
)
def test_apts_failures_are_named(said, what):
    error = apt.explained(ToolError(said, "", ""), Path("log"))
    assert what in error.what and error.hint


def test_lack_of_space_names_both_figures(tmp_path):
    with pytest.raises(ToolError) as refusal:
        fetch.require_space(tmp_path, 10**18, "fetching")
    assert "1000000000.0 GB" in refusal.value.what


@pytest.mark.parametrize("foreign", [(), ("armhf",)])
def test_the_box_s_architecture_is_asked_for_only_where_it_is_wanted(tmp_path, foreign):
    private = apt.PrivateApt(tmp_path / "apt", tmp_path / "log")
    private.set_up("http://mirror.local/debian", "trixie", foreign)
    sources = (tmp_path / "apt" / "suite.sources").read_text()
    assert f"Architectures: {' '.join(('amd64', *foreign))}\n" in sources
    settings = (tmp_path / "apt" / "apt.conf").read_text()
    assert ('"armhf";' in settings) == bool(foreign)


def test_a_package_of_the_box_s_architecture_is_called_by_it():
    assert apt.qualified("u-boot-sunxi", "armhf") == "u-boot-sunxi:armhf"
    assert apt.qualified("linux-source-6.12", "binary") == "linux-source-6.12"
    assert apt.qualified("zlib", "source") == "zlib"
