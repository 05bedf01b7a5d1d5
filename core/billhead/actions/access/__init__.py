"""How a customer gets at what was paid for: addresses, short addresses, guides, a new password, and why not."""
