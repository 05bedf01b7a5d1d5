"""Payment in coins through the operator's own BTCPay Server: its invoices are paid, and refunds are claimed there."""
