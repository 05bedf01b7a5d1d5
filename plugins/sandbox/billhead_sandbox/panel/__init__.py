"""The sandbox panel: one process that speaks the Stalker and the Xtream protocols, quirks included."""
