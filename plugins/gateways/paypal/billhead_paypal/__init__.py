"""Payment by PayPal: the payer approves on PayPal's page, and an account that is saved there pays renewals."""
