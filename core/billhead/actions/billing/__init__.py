"""Billing: what is due → what it costs → written. A run, a dry run, one renewal and a preview are one code.

* `due` reads, in chunks, which subscriptions are due and everything that rating needs.
* `rate` is pure: periods, amounts, invoice rules, tax and credit become `Rated` documents.
* `write` puts a batch of them into the database within the caller's transaction, numbers and ledger included.
* `run` drives the three over all that is due; `first` and `settle_proforma` are batches of one for other actions.
"""
