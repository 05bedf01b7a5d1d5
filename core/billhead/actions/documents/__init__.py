"""Documents: what is done with invoices, orders (proformas) and credit notes besides writing them."""
