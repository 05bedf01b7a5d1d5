"""Payment by Stripe: the payer pays on Stripe's page, and what is saved there pays renewals."""
