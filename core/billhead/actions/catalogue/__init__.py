"""The catalogue, as staff change it."""
