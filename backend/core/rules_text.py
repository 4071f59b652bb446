"""A rules document as somebody types it: read strictly, and every mistake with its line."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from backend.core.engine.rule_set import RuleSet
from backend.core.errors import RuleInvalid

CHARACTERS_MAX: Final = 200_000
DEPTH_MAX: Final = 40
WIDTH: Final = 92

_READ_AS: Final = (
    "format", "id", "title", "name", "currency", "unit", "rounding", "kind", "measure", "event",
    "on", "when", "lines", "from", "until", "threshold", "earn", "basis", "rules", "groups",
    "segments", "campaigns", "caps", "pending", "tiers",
)  # fmt: skip
_PLACE: Final = {name: place for place, name in enumerate(_READ_AS)}
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong, and in which line (from 1); `pointer` (RFC 6901) where it is a value."""

    line: int
    message: str
    pointer: str = ""


@dataclass(frozen=True, slots=True)
class Typed:
    """What was made of the text: the document and its rules, or the mistake."""

    document: dict[str, Any] | None = None
    rules: RuleSet | None = None
    mistake: Mistake | None = None


class _Twice(ValueError):
    """A name that an object has twice; reading JSON would keep the last one in silence."""


def read_rules_text(text: str) -> Typed:
    """The document and its rules. Where it is JSON but no rules, the document is there too."""
    if len(text) > CHARACTERS_MAX:
        return Typed(mistake=Mistake(1, "The document is too long."))
    if _depth(text) > DEPTH_MAX:
        return Typed(mistake=Mistake(1, "The document is nested too deeply."))
    try:
        document = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except json.JSONDecodeError as wrong:
        return Typed(mistake=Mistake(wrong.lineno, wrong.msg))
    except _Twice as wrong:
        named = str(wrong)[:64]
        return Typed(mistake=Mistake(_line_of_name(text, named), f"{named} stands here twice."))
    except ValueError:
        # NaN and Infinity, which are no JSON, and numbers of thousands of digits.
        return Typed(mistake=Mistake(1, "There is a number here that is none."))
    if not isinstance(document, dict):
        return Typed(mistake=Mistake(1, "An object is expected here."))
    if not _writable(document):
        return Typed(mistake=Mistake(1, "There is half a character here (a lone surrogate)."))
    try:
        return Typed(document, RuleSet.parse(document))
    except RuleInvalid as wrong:
        pointer = str(wrong.facts.get("pointer", ""))
        mistake = Mistake(line_of(text, pointer), wrong.message, pointer)
        return Typed(document, mistake=mistake)


def line_of(text: str, pointer: str) -> int:
    """The line (from 1) of the value at a JSON pointer in a text that is JSON; that of the nearest
    value around it where there is none."""
    places = _places(text)
    while pointer and pointer not in places:
        pointer = pointer.rpartition("/")[0]
    return places.get(pointer, 1)


def _places(text: str) -> dict[str, int]:
    """The line of every value by its pointer; of a member, the line of its name."""
    places: dict[str, int] = {}
    # Around each value: [pointer, the next index or None in an object, the name to come].
    around: list[tuple[str, list[int] | None]] = []
    pointer, name_line = "", 0
    expects_name = False
    line, seen = 1, 0
    for token in _TOKEN.finditer(text):
        line += text.count("\n", seen, token.start())
        seen = token.start()
        word = token.group()
        if word in "}]":
            around.pop()
            expects_name = False
        elif word == ",":
            if around[-1][1] is None:
                expects_name = True
            else:
                around[-1][1][0] += 1
        elif word == ":":
            continue
        elif expects_name and word.startswith('"'):
            pointer = f"{around[-1][0]}/{_escaped(json.loads(word))}"
            name_line, expects_name = line, False
        else:
            if around and around[-1][1] is not None:
                pointer, name_line = f"{around[-1][0]}/{around[-1][1][0]}", line
            places[pointer] = name_line or line
            if word == "{":
                around.append((pointer, None))
                expects_name = True
            elif word == "[":
                around.append((pointer, [0]))
    return places


def _sorted(value: object) -> object:
    """The value with every object's members in the order in which people read them."""
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda item: _PLACE.get(item[0], len(_PLACE)))
        return {name: _sorted(each) for name, each in members}
    return [_sorted(each) for each in value] if isinstance(value, list) else value


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _depth(text: str) -> int:
    depth = deepest = 0
    for token in _TOKEN.finditer(text):
        if token.group() in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif token.group() in "}]":
            depth -= 1
    return deepest


def _writable(document: dict[str, Any]) -> bool:
    """Whether every text of it can be written: JSON may name halves of characters."""
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return found


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _line_of_name(text: str, name: str) -> int:
    at = text.rfind(f'"{name}"')
    return 1 + text.count("\n", 0, max(at, 0))


def typed(value: object, indent: int = 0) -> str:
    """A document as it is shown to be edited: whatever is short stands in one line."""
    value = _sorted(value)
    flat = json.dumps(value, ensure_ascii=False)
    pad = " " * (indent + 2)
    if (indent and len(flat) + indent <= WIDTH) or not isinstance(value, dict | list) or not value:
        return flat
    if isinstance(value, dict):
        items = [
            f"{pad}{json.dumps(name, ensure_ascii=False)}: {typed(each, indent + 2)}"
            for name, each in value.items()
        ]
        opening, closing = "{}"
    else:
        items = [f"{pad}{typed(each, indent + 2)}" for each in value]
        opening, closing = "[]"
    return ",\n".join([f"{opening}\n{items[0]}", *items[1:]]) + f"\n{' ' * indent}{closing}"
