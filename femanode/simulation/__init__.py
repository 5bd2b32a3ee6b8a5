"""One run from beginning to end, and its result in Python."""
