"""Every sentence of the pages is there in French, says the same values, and none is left over."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from tests.tidy.sources import ROOT

WEB = ROOT / "backend" / "web"
KEYWORDS = ("_", "_n")
_VALUE = re.compile(r"%\((\w+)\)s")


def said_in_templates() -> Iterator[str]:
    for path in sorted((WEB / "templates").rglob("*.*")):
        with path.open("rb") as file:
            options = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
            for _, _, text, _ in babel_extract(file, KEYWORDS, (), options):
                first = text if isinstance(text, str) else (text or [None])[0]
                # What is None is said by a name: `marked` stands where it was written.
                if first is not None:
                    yield first


def said_in_code() -> Iterator[str]:
    """What `marked`, `say` and `say_many` are given as it stands."""
    for path in sorted(WEB.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            first = node.args[0]
            if name in {"marked", "say", "say_many"} and isinstance(first, ast.Constant):
                yield str(first.value)


def french() -> dict[str, Message]:
    found: dict[str, Message] = {}
    for path in sorted((WEB / "locale" / "fr").glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="fr", abort_invalid=True):
                if message.id:
                    key = message.id if isinstance(message.id, str) else message.id[0]
                    before = found.setdefault(key, message)
                    assert before.string == message.string, f"{path.name} says otherwise: {key}"
    return found


def test_every_sentence_is_translated_and_none_is_left_over() -> None:
    said = {*said_in_templates(), *said_in_code()}
    known = french()
    assert said - known.keys() == set()
    assert {each for each in known if not each.startswith("error:")} - said == set()


def test_translations_are_whole_and_have_the_same_values() -> None:
    for key, message in french().items():
        texts = [message.string] if isinstance(message.string, str) else list(message.string or ())
        assert texts
        assert all(texts), key
        assert not message.fuzzy, key
        for text in texts if not key.startswith("error:") else ():
            sources = [message.id] if isinstance(message.id, str) else list(message.id)
            values = {name for source in sources for name in _VALUE.findall(source)}
            assert set(_VALUE.findall(text)) <= values, key
