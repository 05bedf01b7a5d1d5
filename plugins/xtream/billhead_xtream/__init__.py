"""Xtream panels for Billhead."""
