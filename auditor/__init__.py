"""The auditor's tool: replays the chain from block zero and compares what it finds.

Written from contracts/SPECIFICATION.md, contracts/README.md and the interfaces. It imports nothing
of `backend` or `indexer`, and nothing there imports it: a mistake in the system is not repeated
here.
"""
