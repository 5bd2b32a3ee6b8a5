"""Numbers a materials scientist asks for, taken from states or from a finished run's folder."""
