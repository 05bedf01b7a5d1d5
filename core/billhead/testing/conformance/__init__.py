"""The conformance classes, one per kind of plugin."""
