"""Work beside the till that the chain has no part in: messages, webhooks, exports.

A duty does a little at each `step` and says how much; the worker calls it again and again.
"""
