"""The sandbox card processor: charges, a hosted checkout page, saved tokens, refunds and signed callbacks."""
