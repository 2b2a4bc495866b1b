"""The lowest version of everything that pyproject.toml allows, as constraints for pip.

What nobody ever ran with is no bound: CI runs the quick tests with these.
"""

import tomllib
from pathlib import Path

LEFT_OUT = ("mutation", "bench-hosts")  # no quick test needs them

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = project["optional-dependencies"]
bounds = [
    *project["dependencies"],
    *(each for name in extras if name not in LEFT_OUT for each in extras[name]),
]
for bound in bounds:
    if not bound.startswith(project["name"]):
        print(bound.replace(">=", "=="))
