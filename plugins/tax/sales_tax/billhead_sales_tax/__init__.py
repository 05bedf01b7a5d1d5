"""Sales taxes from a table of dated rates."""
