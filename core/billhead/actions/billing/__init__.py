"""Billing: what is due → what it costs → written. A run, a dry run, one renewal and a preview are one code.

* `due` reads, in chunks, which subscriptions are due and everything that rating needs.
* `rate` is pure: periods, amounts, invoice rules, tax and credit become `Rated` documents.
* `write` puts a batch of them into the database within the caller's transaction, numbers and ledger included.
* `run` drives the three over all that is due.
* `first` (the proforma of an order), `settle_proforma` (its invoice, once it is paid), `issue_invoice` (any other) and
  `quote` (the cart) are batches of one for other actions.
"""
