"""`restante signatures push`, `firmware push`, `keys push`: real tool, console, gate and screen.

The line between them is as fast as both ends' speeds say (paced_line.py).  FAULTS 61, 62, 65, 67,
69, 80, 81.
"""

import pytest
from test_set_swap import sets as compiled  # noqa: F401 (a fixture)


@pytest.fixture(scope="session")
def sets(compiled):  # noqa: F811
    return {name: path.read_bytes() for name, path in compiled.items()}


def test_the_whole_set_then_the_delta_that_fits(bench, sets):
    stand = bench()
    whole = stand.bundle("one.rstb", sets["knows-0"], 1)
    done = stand.push(whole)
    assert done.returncode == 0, done.stderr
    assert "runs at 921600 Bd" in done.stderr and stand.box.in_use() == "knows-0"
    print(done.stderr, stand.line.speeds)
