"""M-Pesa (Safaricom Daraja) for Billhead: a prompt on the payer's phone, and deposits at the paybill."""
