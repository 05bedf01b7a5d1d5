"""VAT of the European Union for television and electronic services."""
