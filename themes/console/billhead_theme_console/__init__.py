"""The theme Console: its look is in theme.toml."""
