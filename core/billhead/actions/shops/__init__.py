"""Resellers' own shops: opened, named, coloured, priced, and supplied from the reseller's credits."""
