"""The lock files install on every platform, and say what they install by hash."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.tidy.sources import ROOT


def npm_packages() -> dict[str, dict[str, Any]]:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    packages: dict[str, dict[str, Any]] = lock["packages"]
    return packages


def test_npm_lock_has_the_packages_of_every_platform() -> None:
    """`npm ci` refuses a lock that leaves one out, as npm writes it when a registry lacks one."""
    packages = npm_packages()
    missing = [
        f"{path}: {name}"
        for path, package in packages.items()
        for name in package.get("optionalDependencies", {})
        if f"node_modules/{name}" not in packages
    ]
    assert missing == []


def test_npm_lock_has_a_hash_for_what_linux_installs() -> None:
    unknown = [
        path
        for path, package in npm_packages().items()
        if path and "integrity" not in package and "linux-amd64" in path
    ]
    assert unknown == []


def test_python_lock_has_a_hash_for_every_package() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    packages = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)
    assert len(packages) > 1
    assert [p.split()[0] for p in packages if p.strip() and "--hash=sha256:" not in p] == []
    assert not re.search(r"^--|^-[a-z]|://", lock, flags=re.MULTILINE)
