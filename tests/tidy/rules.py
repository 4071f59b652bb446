"""The rules, each a function from a file to its breaches."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator

from tests.tidy.sources import Finding, Source

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 70
MAX_LINE_LENGTH = 100

Function = ast.FunctionDef | ast.AsyncFunctionDef


def file_length(source: Source) -> Iterator[Finding]:
    count = len(source.lines)
    if count > MAX_FILE_LINES:
        yield Finding(source.path, count, f"{count} lines, more than {MAX_FILE_LINES}")


def line_length(source: Source) -> Iterator[Finding]:
    for number, line in enumerate(source.lines, 1):
        if len(line) > MAX_LINE_LENGTH:
            yield Finding(source.path, number, f"{len(line)} characters, above {MAX_LINE_LENGTH}")


def function_length(source: Source) -> Iterator[Finding]:
    for node in ast.walk(source.tree):
        if isinstance(node, Function):
            count = (node.end_lineno or node.lineno) - node.lineno + 1
            if count > MAX_FUNCTION_LINES:
                yield source.find(
                    node, f"{node.name} has {count} lines, more than {MAX_FUNCTION_LINES}"
                )


def no_float(source: Source) -> Iterator[Finding]:
    """Money and points are integers: no float by name, as a literal, or out of a division."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield source.find(node, f"float literal {node.value}")
        elif isinstance(node, ast.Name) and node.id in {"float", "complex"}:
            yield source.find(node, f"the type {node.id}")
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield source.find(node, "true division: use // and say how it rounds")


CLOCK_CALLS = frozenset(
    f"{owner}.{name}"
    for owner, names in {
        "datetime": ("now", "utcnow", "today"),
        "date": ("today",),
        "time": ("time", "time_ns", "localtime", "gmtime"),
    }.items()
    for name in names
)


def no_clock(source: Source) -> Iterator[Finding]:
    """What time it is comes from wiring, as an argument."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute):
            parts = ast.unparse(node).split(".")
            if ".".join(parts[-2:]) in CLOCK_CALLS:
                yield source.find(node, f"{ast.unparse(node)}: take the clock as an argument")
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            names = {alias.name for alias in node.names}
            if names & {"time", "time_ns", "localtime", "gmtime"}:
                yield source.find(node, "import of a clock: take it as an argument")


SQL_CALLS = frozenset({"text", "execute", "executemany", "exec_driver_sql", "executescript"})


def no_built_sql(source: Source) -> Iterator[Finding]:
    """No SQL put together from strings; values are bound, names are SQLAlchemy's."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and node.args and _called(node.func) in SQL_CALLS:
            built = _built_string(node.args[0])
            if built:
                yield source.find(node, f"SQL built by {built}")


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _built_string(node: ast.expr) -> str | None:
    """How the string is built, None for one that is not."""
    if isinstance(node, ast.JoinedStr):
        return (
            "an f-string" if any(isinstance(v, ast.FormattedValue) for v in node.values) else None
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return "an operator"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in {"format", "join", "replace", "format_map"} and not _is_sql_type(node):
            return f"str.{node.func.attr}"
        if node.func.attr == "text" and node.args:
            return _built_string(node.args[0])
    if isinstance(node, ast.IfExp):
        return _built_string(node.body) or _built_string(node.orelse)
    return None


def _is_sql_type(node: ast.Call) -> bool:
    """psycopg's sql.SQL("…").format(sql.Identifier(…)) quotes: it is not string formatting."""
    return "sql.SQL(" in ast.unparse(node.func)


def no_silent_except(source: Source) -> Iterator[Finding]:
    """An exception is handled, or named in contextlib.suppress; a bare pass hides it."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and all(_says_nothing(s) for s in node.body):
            yield source.find(node, "an exception passed over in silence")


def _says_nothing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and statement.value.value is ...
    )


def only_standard_library(source: Source) -> Iterator[Finding]:
    """The core imports the standard library and itself."""
    for node in ast.walk(source.tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = ["." * node.level + (node.module or "")]
        for name in names:
            own = name == "backend.core" or name.startswith("backend.core.")
            if not own and name.partition(".")[0] not in sys.stdlib_module_names:
                yield source.find(node, f"import of {name}")


# Put together here, so that the rules do not find themselves.
PROMISES = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + r")\b")


def no_promises(source: Source) -> Iterator[Finding]:
    """Work that is left is an issue, not a comment."""
    yield from _matches(source, PROMISES, "a promise; open an issue instead")


REGISTRY_HOSTS = (
    "registry.npmjs" + ".org", "registry.yarnpkg" + ".com", "npm.pkg.github" + ".com",
    "files.pythonhosted" + ".org", "pypi.python" + ".org", "pypi" + ".org", "test.pypi" + ".org",
    "artifact" + "ory", "index.crates" + ".io", "proxy.golang" + ".org", "find-" + "links",
)  # fmt: skip
REGISTRY = re.compile("|".join(re.escape(host) for host in REGISTRY_HOSTS))
HOME = re.compile(r"(?<![\w.$}/-])/(?:home|Users|root|work|mnt|workspaces?)/[\w.-]+")


def no_places(source: Source) -> Iterator[Finding]:
    """Nothing in the repository says where it was written or where packages were fetched."""
    yield from _matches(source, REGISTRY, "a registry's name: locks carry hashes, not places")
    yield from _matches(source, HOME, "an absolute path of one machine")


def no_resolved_urls(source: Source) -> Iterator[Finding]:
    """npm's lock names packages by integrity alone: `make lock` leaves the addresses out."""
    yield from _matches(source, re.compile(r'^\s*"resolved":'), "a package's address")


def _matches(source: Source, pattern: re.Pattern[str], what: str) -> Iterator[Finding]:
    for number, line in enumerate(source.lines, 1):
        found = pattern.search(line)
        if found:
            yield Finding(source.path, number, f"{found[0].strip()}: {what}")
