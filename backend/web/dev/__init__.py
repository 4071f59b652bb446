"""Pages of a development system only."""
