"""The files the tidy rules look at."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent


class Finding(NamedTuple):
    """One breach of a rule. Printed as `path:line: what is wrong`."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


class Source(NamedTuple):
    """A text file, by its path from the root with forward slashes."""

    path: str
    text: str

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def tree(self) -> ast.Module:
        return _parsed(self)

    def find(self, node: ast.AST, what: str) -> Finding:
        return Finding(self.path, getattr(node, "lineno", 1), what)


@cache
def _parsed(source: Source) -> ast.Module:
    """Half of the rules read the same trees."""
    return ast.parse(source.text, source.path)


@cache
def tracked_files() -> tuple[str, ...]:
    """What git has or will have: tracked files, and new ones that are not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = sorted({name for name in listed.split("\0") if name})
    return tuple(name for name in names if (ROOT / name).is_file())


@cache
def texts() -> tuple[Source, ...]:
    """Every such file that is text."""
    sources = []
    for name in tracked_files():
        content = (ROOT / name).read_bytes()
        if b"\0" not in content:
            sources.append(Source(name, content.decode("utf-8")))
    return tuple(sources)


def with_suffix(*suffixes: str, under: tuple[str, ...] = ("",)) -> list[Source]:
    """The texts with one of these suffixes, below one of these folders."""
    return [s for s in texts() if s.path.endswith(suffixes) and s.path.startswith(under)]


def report(findings: list[Finding]) -> None:
    """Fail with one line per finding."""
    assert not findings, "\n" + "\n".join(str(finding) for finding in sorted(set(findings)))
