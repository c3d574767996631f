"""`python -m kiosk`: the command, where it is not on the path."""

from kiosk.cli import main

main()
