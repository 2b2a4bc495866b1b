"""``python -m prometheus_persist.cli``."""

from prometheus_persist.cli import main

main()
