"""Pages for people, and what those pages ask."""

from pathlib import Path
from typing import Final

EXPLORER_FOLDER: Final = Path(__file__).resolve().parents[2] / "build" / "explorer"
"""Where `make explorer` puts the explorer's pages."""
