"""Signed copies of notices to a system of the operator."""
