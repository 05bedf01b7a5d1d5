"""When nobody pays: the operator's stages, late fees, promises to pay, and giving back what debt had taken away."""
