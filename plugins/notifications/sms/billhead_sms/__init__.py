"""Notices as text messages."""
