"""Ape scripts, and the parts of them that plain Python uses."""
