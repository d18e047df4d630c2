"""Shared by all tests: the firmware's Python is importable as it lies in the tree."""

import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "firmware"))
