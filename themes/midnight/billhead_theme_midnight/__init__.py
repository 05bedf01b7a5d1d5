"""The theme Lounge: its look is in theme.toml."""
