"""`ape run deploy` on the chain that MEREAU_RPC_URL names.

Ape takes the network on its command line only, which every user of the machine can read, and the
URL of a hosted node holds a key. So it is passed on inside this process.
"""

from __future__ import annotations

import os
import sys

from ape._cli import cli

if __name__ == "__main__":
    cli(["run", "deploy", "--network", os.environ["MEREAU_RPC_URL"], *sys.argv[1:]])
