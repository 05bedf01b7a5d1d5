"""Payment by bank transfer: the payer is told where to, staff book what arrives."""
