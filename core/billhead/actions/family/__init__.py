"""Further logins of a customer, each with the rights that the main login gives."""
