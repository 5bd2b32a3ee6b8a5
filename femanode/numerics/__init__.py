"""Arrays, sparse matrices and compiled loops: what any finite-element program needs; knows nothing of wires."""
