"""``python -m fakeokx.cli``."""

from fakeokx.cli import main

main()
