"""Méreau: loyalty points as non-transferable tokens, accepted in SQL and settled on chain."""

__version__ = "0.1.0"
