"""The member's card: what a person holds in the programs that they are in."""
