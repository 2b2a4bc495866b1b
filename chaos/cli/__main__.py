"""``python -m chaos.cli``."""

from chaos.cli import console

console()
