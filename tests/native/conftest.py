import os, subprocess, pytest
from pathlib import Path
@pytest.fixture(scope="session")
def match_cli():
    return "build/tests-native/match_cli_asan"
