"""Setting a house up: the one-time code of the wizard, and how far it has come."""
