"""A customer's credit: given, spent on what is owed, taken back, expired. `_draw` is the one place that spends it."""
