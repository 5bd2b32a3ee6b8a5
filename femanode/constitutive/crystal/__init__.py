"""The host crystal: directions, how it lies in the section, and how fast the front runs along each of them."""
