"""Exchange rates: what a document in another currency is worth in its seller's. For reports, never for prices."""
