"""The ledger: post entries, seal them, and prove that nobody changed one."""
