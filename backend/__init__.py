"""Méreau: loyalty points as non-transferable tokens, accepted in SQL and settled on chain."""
