"""Provisioning: bring what the panels have in step with what customers should have."""
