"""The HTTP API that tills and shops call."""
