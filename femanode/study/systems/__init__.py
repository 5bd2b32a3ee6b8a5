"""Every system of the review as one table: predictions, what their inputs allow, and what was observed."""
