"""Write `build/contracts/*.json`. Plain Python: `python scripts/export_artifacts.py`, or Ape's
`ape run export_artifacts`. Does nothing when the sources did not change."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts import _artifacts as artifacts


def main() -> None:
    """Export and say what happened."""
    written = artifacts.export()
    print(f"artifacts: {'written to' if written else 'current in'} build/contracts")


if __name__ == "__main__":
    main()
