"""The verification cases that ``femanode verify`` runs and the tests assert."""
