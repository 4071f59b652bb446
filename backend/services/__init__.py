"""What the house can do, one verb per file."""
