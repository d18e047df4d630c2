"""Host tests see a developer's machine without the developer's own choices."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))


@pytest.fixture(autouse=True)
def no_shared_cache(monkeypatch):
    """A cache that the developer shares between checkouts is not one that a test may fill."""
    monkeypatch.delenv("RESTANTE_CACHE", raising=False)
