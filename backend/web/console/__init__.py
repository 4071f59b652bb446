"""The console: a merchant's own pages."""
