"""The key set of an image: a publisher's, or throw-away keys that a build folder makes once."""

import pytest
from restante.update import keys as key_sets
from restante_tools.build import verify
from restante_tools.build.keyset import VARIABLE, factory_keys
from restante_tools.bundles import publisher, secret
from restante_tools.errors import ToolError
from restante_tools.places import Places


@pytest.fixture
def places(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    return Places(tmp_path / "build")


def test_throw_away_keys_are_made_once(places):
    first = factory_keys(places, places.build / "a").read_bytes()
    assert factory_keys(places, places.build / "b").read_bytes() == first
    found = key_sets.parse(first)
    assert found.epoch == 1 and found.thresholds["root"] == 2 and len(found.of("root")) == 3
    for role in key_sets.ROLES:
        key = secret.read((places.keys / f"{role}-1.key").read_bytes(), None)
        assert found.find(key.id).role == role
    assert (places.keys / "root-1.key").stat().st_mode & 0o077 == 0


def test_two_build_folders_have_two_sets(places, tmp_path):
    other = Places(tmp_path / "other")
    one = factory_keys(places, places.build / "a").read_bytes()
    assert factory_keys(other, other.build / "a").read_bytes() != one


def test_a_half_made_folder_is_made_anew(places):
    places.keys.mkdir(parents=True)
    (places.keys / "root-1.key").write_text("cut off")
    assert key_sets.parse(factory_keys(places, places.build / "a").read_bytes())


def test_a_publishers_set(places, tmp_path, monkeypatch):
    publisher.create(tmp_path / "p", publisher.COUNTS, 2, publisher.no_password)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "p" / "keys"))
    made = factory_keys(places, places.build / "a").read_bytes()
    assert made == (tmp_path / "p" / "keys").read_bytes()
    assert not places.keys.exists()


def test_a_set_that_is_missing_or_damaged_fails_the_build(places, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none"))
    with pytest.raises(ToolError, match="is not there"):
        factory_keys(places, places.build / "a")
    (tmp_path / "none").write_text("restante-keys=1\n")
    with pytest.raises(ToolError, match="does not begin as one"):
        factory_keys(places, places.build / "a")
    assert not (places.build / "a").exists()


def test_a_second_build_has_the_keys_of_the_first(places, tmp_path):
    first = factory_keys(places, places.build / "a").read_bytes()
    other = verify.second(places, tmp_path / "second")
    assert factory_keys(other, other.build / "a").read_bytes() == first
    assert [path.name for path in other.keys.iterdir()] == ["keys"]  # no secret one
