"""The page of a run: one HTML file of charts, tables and pictures."""
