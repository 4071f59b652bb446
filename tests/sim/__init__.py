"""The whole system in one process under seeded faults: see docs/contributor/simulator.md."""
