"""Signing in and out for a merchant's people, and what all visitors may choose."""
