"""Says at the end which sequences were played."""

import pytest
from roaming.played import PLAYED


@pytest.fixture(scope="session", autouse=True)
def sequences(figures):
    yield
    for name, (seeds, wrong) in PLAYED.items():
        row = (name, len(seeds), seeds[0], seeds[-1], wrong)
        figures.append("roaming, %-55s %3d, seeds %d to %d, %d wrong" % row)
