"""What the command line runs: processes, the supervisor over them, the replay, the checks."""
