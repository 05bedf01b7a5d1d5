"""Notices by a Telegram bot."""
