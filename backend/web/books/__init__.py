"""The books: what an auditor reads of a program, and changes nothing of."""
