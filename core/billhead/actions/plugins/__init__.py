"""Plugins, as the operator looks after them."""
