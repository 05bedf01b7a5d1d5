"""The Stalker (Ministra) module of Billhead."""
