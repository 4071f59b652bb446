"""The examples of the documentation: blocks that a marker makes a test, and how answers compare.

`<!-- try: name -->` before a shell block makes it run; the block right after it is what it prints.
`<!-- file: name -->` before a block of any language makes it a file for those that run. In an
answer `…` stands for anything, in a text, as a value or as a whole list.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ANYTHING = "…"

_FENCED = r"```(?P<{0}_language>\w+)\n(?P<{0}>.*?)^```$\n?"
_EXAMPLE = re.compile(
    r"^<!-- try: (?P<name>[\w-]+) -->\n"
    + _FENCED.format("script")
    + "(?:"
    + _FENCED.format("answer")
    + ")?",
    re.MULTILINE | re.DOTALL,
)
_FILE = re.compile(
    r"^<!-- file: (?P<name>[\w.-]+) -->\n" + _FENCED.format("content"), re.MULTILINE | re.DOTALL
)
_LOOSE = re.compile(r"\[…\]|(?<=: )…")


@dataclass(frozen=True)
class Example:
    """A shell block and what it is said to print; `answer` is None when nothing is said."""

    name: str
    script: str
    answer: str | None


def examples(path: str) -> list[Example]:
    """The shell blocks of a page that are to be run, in its order."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return [Example(m["name"], m["script"], m["answer"]) for m in _EXAMPLE.finditer(text)]


def write_files(path: str, folder: Path) -> list[Path]:
    """Writes the files that a page tells its reader to save."""
    text = (ROOT / path).read_text(encoding="utf-8")
    written = []
    for match in _FILE.finditer(text):
        written.append(folder / match["name"])
        written[-1].write_text(match["content"], encoding="utf-8")
    return written


def difference(expected: str, printed: str) -> str | None:
    """What in `printed` is not as `expected` says, or None."""
    wanted, wanted_lines = _parted(expected)
    given, given_lines = _parted(printed)
    if wanted is not None:
        found = _compared(wanted, given, "$")
        if found is not None:
            return found
    if len(wanted_lines) != len(given_lines):
        return f"{len(given_lines)} lines instead of {len(wanted_lines)}: {given_lines}"
    for line, other in zip(wanted_lines, given_lines, strict=True):
        if not _alike(line, other):
            return f"{other!r} instead of {line!r}"
    return None


def _parted(text: str) -> tuple[Any, list[str]]:
    """The JSON object that the text begins with, if it does, and the lines of the rest."""
    document = None
    if text.startswith(('{"', "{\n")):
        loose = _LOOSE.sub(f'"{ANYTHING}"', text)
        document, end = json.JSONDecoder().raw_decode(loose)
        text = loose[end:]
    return document, [line.rstrip("\r") for line in text.splitlines() if line.strip()]


def _compared(wanted: Any, given: Any, at: str) -> str | None:
    if wanted == ANYTHING:
        return None
    if isinstance(wanted, dict) and isinstance(given, dict):
        if wanted.keys() != given.keys():
            return f"{at} has {sorted(given)} instead of {sorted(wanted)}"
        pairs = [(wanted[name], given[name], f"{at}.{name}") for name in wanted]
    elif isinstance(wanted, list) and isinstance(given, list):
        if len(wanted) != len(given):
            return f"{at} has {len(given)} items instead of {len(wanted)}"
        pairs = [(one, given[i], f"{at}[{i}]") for i, one in enumerate(wanted)]
    elif isinstance(wanted, str) and isinstance(given, str) and _alike(wanted, given):
        return None
    else:
        same = type(wanted) is type(given) and wanted == given
        return None if same else f"{at} is {given!r} instead of {wanted!r}"
    found = (_compared(*pair) for pair in pairs)
    return next((one for one in found if one is not None), None)


def _alike(pattern: str, text: str) -> bool:
    parts = [re.escape(part) for part in pattern.split(ANYTHING)]
    return re.fullmatch(".*".join(parts), text, re.DOTALL) is not None
