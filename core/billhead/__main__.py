"""`python -m billhead` is `billhead`."""

from billhead.cli import main

main()
