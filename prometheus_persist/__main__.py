"""``python -m prometheus_persist``: the command line."""

from prometheus_persist.cli import main

main()
