"""The chain as the rest of the house sees it: port, JSON-RPC, codec, signer, fees, node."""
