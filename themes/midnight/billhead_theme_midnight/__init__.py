"""The theme Midnight: its look is in theme.toml."""
