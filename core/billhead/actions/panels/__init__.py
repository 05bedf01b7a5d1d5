"""Panels, as the operator looks after them: adding, setting up, checking, resting."""
