"""Beyond the password: codes of an app, recovery codes, passkeys, and the sessions that were opened."""
