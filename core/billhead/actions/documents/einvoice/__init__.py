"""E-invoices by EN 16931: one neutral model, written as UBL 2.1 or as CII, and checked by the norm's own rules."""
