"""Lets the tests of this folder import the model of a disk that stands beside them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
