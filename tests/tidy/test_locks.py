"""The lock files install on every platform, and say what they install by hash."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.tidy.sources import ROOT

NPM_LOCKS = ["package-lock.json", "proofs/package-lock.json"]
PYTHON_LOCKS = ["requirements.lock", "proofs/requirements.lock"]


def npm_packages(name: str) -> dict[str, dict[str, Any]]:
    lock = json.loads((ROOT / name).read_text(encoding="utf-8"))
    packages: dict[str, dict[str, Any]] = lock["packages"]
    return packages


@pytest.mark.parametrize("name", NPM_LOCKS)
def test_npm_lock_has_the_packages_of_every_platform(name: str) -> None:
    """`npm ci` refuses a lock that leaves one out, as npm writes it when a registry lacks one."""
    packages = npm_packages(name)
    missing = [
        f"{path}: {name}"
        for path, package in packages.items()
        for name in package.get("optionalDependencies", {})
        if f"node_modules/{name}" not in packages
    ]
    assert missing == []


@pytest.mark.parametrize("name", NPM_LOCKS)
def test_npm_lock_has_a_hash_for_what_linux_installs(name: str) -> None:
    unknown = [
        path
        for path, package in npm_packages(name).items()
        if path and "integrity" not in package and "linux-amd64" in path
    ]
    assert unknown == []


@pytest.mark.parametrize("name", PYTHON_LOCKS)
def test_python_lock_has_a_hash_for_every_package(name: str) -> None:
    lock = (ROOT / name).read_text(encoding="utf-8")
    packages = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)
    assert len(packages) > 1
    assert [p.split()[0] for p in packages if p.strip() and "--hash=sha256:" not in p] == []
    assert not re.search(r"^--|^-[a-z]|://", lock, flags=re.MULTILINE)
