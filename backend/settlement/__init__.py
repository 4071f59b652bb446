"""Carries accepted operations to the chain exactly once, and reconciles."""
