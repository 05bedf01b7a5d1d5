"""Catalogues of words, by language."""
