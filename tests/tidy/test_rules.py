"""Each rule can fail, and lets the innocent pass."""

from __future__ import annotations

import pytest

from tests.tidy import rules
from tests.tidy.sources import Source, report
from tests.tidy.test_tidy import CASES, Rule

BAD: list[tuple[Rule, str]] = [
    (rules.file_length, "a = 1\n" * 301),
    (rules.line_length, "a = 1\n" + "#" * 101),
    (rules.function_length, "def f():\n" + "    a = 1\n" * 70),
    (rules.function_length, "class C:\n async def f(self):\n" + "    a = 1\n" * 70),
    (rules.no_float, "rate = 0.5"),
    (rules.no_float, "def f(x: float) -> None: ..."),
    (rules.no_float, "half = total / 2"),
    (rules.no_float, "total /= 2"),
    (rules.no_clock, "import datetime\nnow = datetime.datetime.now(datetime.UTC)"),
    (rules.no_clock, "from datetime import datetime\nclock = datetime.now"),
    (rules.no_clock, "import time\nstarted = time.time()"),
    (rules.no_clock, "from time import time_ns"),
    (rules.no_built_sql, "connection.execute(f'SELECT {name}')"),
    (rules.no_built_sql, "connection.execute(text(f'SELECT {name}'))"),
    (rules.no_built_sql, "connection.execute('SELECT ' + name)"),
    (rules.no_built_sql, "connection.exec_driver_sql('SELECT %s' % name)"),
    (rules.no_built_sql, "sqlalchemy.text('SELECT {}'.format(name))"),
    (rules.no_built_sql, "connection.execute(', '.join(names))"),
    (rules.no_silent_except, "try:\n    f()\nexcept ValueError:\n    pass"),
    (rules.no_silent_except, "try:\n    f()\nexcept ValueError:\n    ..."),
    (rules.only_standard_library, "import sqlalchemy"),
    (rules.only_standard_library, "from backend.ledger import tables"),
    (rules.only_standard_library, "from . import money"),
    (rules.no_promises, "# TO" + "DO: later"),
    (rules.no_places, "index = 'https://pypi" + ".org/simple'"),
    (rules.no_places, "path = '/ho" + "me/somebody/project'"),
    (rules.no_places, "see /wo" + "rk/main"),
    (rules.no_resolved_urls, '      "resolved": "https://example.org/a.tgz",'),
]

GOOD: list[tuple[Rule, str]] = [
    (rules.file_length, "a = 1\n" * 300),
    (rules.line_length, "#" * 100),
    (rules.function_length, "def f():\n" + "    a = 1\n" * 69),
    (rules.no_float, "half = total // 2\nname = 'float'"),
    (rules.no_clock, "import time\ntime.sleep(1)\nstarted = time.monotonic()\nself.now()"),
    (
        rules.no_built_sql,
        "connection.execute(text('SELECT 1'))\nconnection.execute(table.select())",
    ),
    (rules.no_built_sql, "connection.execute(text('SELECT 1 ' 'FROM t'), {'name': f'{name}'})"),
    (rules.no_built_sql, "c.execute(sql.SQL('DROP {}').format(sql.Identifier(name)))"),
    (rules.no_silent_except, "try:\n    f()\nexcept ValueError as error:\n    log(error)"),
    (rules.only_standard_library, "import hashlib\nfrom backend.core.money import Money"),
    (rules.no_promises, "# Everything is done."),
    (rules.no_places, ("link = f'{base}/home/page'  # ./root/x, GET /v1/home/1")),
    (rules.no_resolved_urls, '      "integrity": "sha512-…",'),
]


@pytest.mark.parametrize(("rule", "text"), BAD)
def test_the_rule_finds(rule: Rule, text: str) -> None:
    assert list(rule(Source("bad.py", text)))


@pytest.mark.parametrize(("rule", "text"), GOOD)
def test_the_rule_lets_pass(rule: Rule, text: str) -> None:
    assert list(rule(Source("good.py", text))) == []


def test_every_rule_is_shown_to_fail() -> None:
    assert {rule for rule, _ in BAD} == {rule for rule, _ in CASES.values()}


def test_a_finding_fails_the_test() -> None:
    findings = list(rules.line_length(Source("bad.py", "#" * 101)))
    with pytest.raises(AssertionError, match=r"bad\.py:1: 101 characters"):
        report(findings)
