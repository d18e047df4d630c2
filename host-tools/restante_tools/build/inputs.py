"""A key over everything that goes into a build: sources, settings, compiler, and how it is built.

Rule: what is not in the key must not change the result.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from restante_tools.processes import output_of
from restante_tools.sources.lock import Package

KEY_DIGITS = 24  # 96 bits of the hash: short enough to read, far from a collision


class Inputs:
    """Collects inputs in a fixed order; `key()` is the hash over them."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def _add(self, label: str, data: bytes) -> None:
        self._hash.update(f"{label} {len(data)}\n".encode() + data)

    def text(self, label: str, text: str) -> Inputs:
        """A setting, a command line, the key of another part."""
        self._add(label, text.encode())
        return self

    def package(self, package: Package) -> Inputs:
        """A source as it was taken."""
        return self.text(f"package {package.name}", package.fingerprint())

    def files(self, base: Path, files: Iterable[Path]) -> Inputs:
        """Files by content and by name below `base`; the executable bit counts."""
        for file in sorted(files):
            name = file.relative_to(base).as_posix()
            runs = "x" if file.stat().st_mode & 0o100 else "-"
            self._add(f"file {name} {runs}", file.read_bytes())
        return self

    def tree(self, base: Path) -> Inputs:
        """All files of a folder, without what Python and editors leave behind."""
        return self.files(base, files_of(base))

    def recipe(self, *modules: ModuleType) -> Inputs:
        """The code that builds: another recipe is another result. Comments do not count."""
        for module in modules:
            self.text(f"recipe {module.__name__}", code_of(inspect.getsource(module)))
        return self

    def compiler(self, program: str) -> Inputs:
        """A compiler by its full version; Debian's revision is part of it."""
        return self.text(f"compiler {program}", output_of([program, "--version"]))

    def key(self) -> str:
        """The key: hex digits."""
        return self._hash.hexdigest()[:KEY_DIGITS]


def code_of(source: str) -> str:
    """A module's code without comments, docstrings and layout."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [part for part in node.body if not is_docstring(part)]
    return ast.dump(tree)


def is_docstring(node: ast.stmt) -> bool:
    """Whether a statement is only a text."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def files_of(base: Path) -> list[Path]:
    """Regular files below `base` that belong to the project, sorted."""
    if not base.is_dir():
        return []
    return sorted(
        file
        for file in base.rglob("*")
        if file.is_file()
        and not file.name.endswith((".pyc", ".swp", "~"))
        and "__pycache__" not in file.parts
    )
