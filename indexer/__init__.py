"""Follows the chain, reorg-safe, and writes the mirror tables."""
