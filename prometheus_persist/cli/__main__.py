"""``python -m prometheus_persist.cli``."""

from prometheus_persist.cli.app import main

main()
