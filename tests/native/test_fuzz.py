"""The fuzz targets: seconds each in a test run, minutes each in `--soak`."""

import fuzz
import pytest

SECONDS, SOAK_SECONDS = 4, 600


@pytest.mark.slow
@pytest.mark.parametrize("target", fuzz.TARGETS)
def test_target_holds(native_programs, tmp_path, soak, target):
    seconds = SOAK_SECONDS if soak else SECONDS
    held, executed = fuzz.run(native_programs / target, tmp_path, seconds)
    assert held, (tmp_path / "log").read_text()[-3000:]
    assert int(executed) > 100
