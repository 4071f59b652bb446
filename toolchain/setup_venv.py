"""Make the toolchain work from the virtual environment, without exported variables.

Run with the environment's own Python after it was synchronised and `npm ci` was run:

    .venv/bin/python toolchain/setup_venv.py

It writes `.solcx/`, where py-solc-x (and so Ape) finds the compiler, and a `.pth` file in the
environment that points every Python process there and at the development chain. Running it again
changes nothing.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

SOLC_VERSION = "0.8.37"
ROOT = Path(__file__).resolve().parent.parent
SOLCX_FOLDER = ROOT / ".solcx"
WRAPPER = ROOT / "toolchain" / "solc.mjs"
PTH_NAME = "mereau_toolchain.pth"

# A .pth file runs only lines that begin with `import`, hence the single line.
PTH_TEMPLATE = (
    "import os; "
    "os.environ.setdefault('SOLCX_BINARY_PATH', {solcx!r}); "
    "os.environ.setdefault('APE_DATA_FOLDER', {ape!r}); "
    "os.environ['PATH'] = os.pathsep.join([p for p in {bins!r} "
    "if p not in os.environ.get('PATH', '').split(os.pathsep)] "
    "+ [os.environ.get('PATH', os.defpath)])\n"
)


def native_compiler() -> Path | None:
    """Return a `solc` of the pinned version found on PATH, if there is one."""
    found = shutil.which("solc")
    if found is None:
        return None
    try:
        answer = subprocess.run(
            [found, "--version"], capture_output=True, text=True, timeout=60, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"Version: (\d+\.\d+\.\d+)", answer)
    return Path(found).resolve() if version and version[1] == SOLC_VERSION else None


def link_compiler() -> Path:
    """Point `.solcx/solc-v<version>` at the compiler and return what it points at."""
    target = native_compiler() or WRAPPER
    if target == WRAPPER:
        WRAPPER.chmod(0o755)
    SOLCX_FOLDER.mkdir(exist_ok=True)
    link = SOLCX_FOLDER / f"solc-v{SOLC_VERSION}"
    if not (link.is_symlink() and link.resolve() == target.resolve()):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    return target


def binary_folders() -> list[str]:
    """Return the folders of the npm binaries, the native chain before its slow-starting shim."""
    modules = ROOT / "node_modules"
    native = sorted((modules / "@foundry-rs").glob("*-*-*/bin"))
    return [str(path) for path in [*native, modules / ".bin"]]


def write_pth() -> Path:
    """Write the `.pth` file of the running environment."""
    path = Path(sysconfig.get_path("purelib")) / PTH_NAME
    content = PTH_TEMPLATE.format(
        solcx=str(SOLCX_FOLDER), ape=str(ROOT / ".ape"), bins=binary_folders()
    )
    if not path.is_file() or path.read_text(encoding="utf-8") != content:
        path.write_text(content, encoding="utf-8")
    return path


def main() -> int:
    """Set up both and say what was chosen."""
    if sys.prefix == sys.base_prefix:
        print("setup_venv: run this with the virtual environment's Python", file=sys.stderr)
        return 1
    compiler = link_compiler()
    kind = "npm package" if compiler == WRAPPER else "native"
    print(f"toolchain: solc {SOLC_VERSION} ({kind}), environment file {write_pth().name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
