"""The rules of billing as plain values and pure functions: standard library only, no I/O, no clock."""
