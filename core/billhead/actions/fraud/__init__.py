"""Orders are looked at before they are written, and again when their card is known: facts, checks, and who decides."""
