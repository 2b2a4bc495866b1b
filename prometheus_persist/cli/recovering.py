"""What ``reconcile`` does: ask whoever sits there, recover in a visit, approve a plan once seen."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from prometheus_persist.cli.output import Output
from prometheus_persist.cli.plan_files import choices_of, looked_at, read_plan_file, refuse_foreign
from prometheus_persist.errors import EXIT_HUMAN, EXIT_OK, BadConfig, PlanStale, VenueUnreachable
from prometheus_persist.exchange.okx.client import OkxReader
from prometheus_persist.report.text import render_text
from prometheus_persist.session import EXIT_OF_DECISION, Session
from prometheus_persist.session.report import RecoveryReport
from prometheus_persist.shown import shown


@dataclass
class Asking:
    """The one question, put to whoever sits at the terminal.

    ``account``: the real one whose positions would be closed; it is typed where it was not named.
    """

    output: Output
    policy: str
    adopt_account: str = ""
    account: str = ""
    named: bool = False
    declined: bool = False

    def ask(self, facts: RecoveryReport) -> bool:
        """Show what would be done, and ask; no where nobody can be asked."""
        say = self.output.say
        self.output.report(render_text(facts, self.output.lang))
        if at_a_terminal() and self._agreed():
            return True
        self.declined = True
        self.output.aside(say("cli.not_applied"))
        step = f"{say('next.confirm')}{say('cli.colon')}{self.output.command(*self._without())}"
        self.output.aside(f"{say('cli.next')} {step}")
        return False

    def _without(self) -> list[str]:
        """The same command, that asks nobody."""
        found = ["reconcile", *(["--policy", self.policy] if self.policy != "adopt" else [])]
        found += ["--adopt-account", self.adopt_account] if self.adopt_account else []
        return [*found, *(["--account", self.account] if self.account else []), "--yes"]

    def _agreed(self) -> bool:
        say = self.output.say
        if self.account and not self.named:
            words = say("cli.confirm_flatten_live", uid=shown(self.account))
            typed = typer.prompt(words, default="", show_default=False, err=True)
            return str(typed).strip() == self.account
        words = say("cli.confirm_flatten" if self.policy == "flatten" else "cli.confirm")
        return typer.confirm(words, default=False, err=True)


def real_account(reader: OkxReader, named: str, output: Output, *, yes: bool) -> str:
    """The uid of the keys' account; BadConfig for another one than was named, or for none."""
    if yes and not named:
        raise BadConfig(output.say("cli.flatten_unnamed"))
    uid, _ = reader.whose()
    if not uid:
        raise VenueUnreachable(output.say("cli.flatten_unknown"))
    if named and named != uid:
        raise BadConfig(output.say("cli.flatten_other", named=named, uid=uid))
    return uid


def at_a_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def approved(
    directory: Path, reader: Any, path: Path, choose: list[str], demo: bool, output: Output
) -> RecoveryReport:
    """What came of a plan that a human has seen; raises BadConfig, and PlanStale."""
    plan = read_plan_file(path, output)
    choices = choices_of(choose, plan, output)
    refuse_foreign(plan, directory, demo=demo, output=output)
    now = looked_at(plan, directory, reader, output)
    if now.plan is None or now.plan.plan_hash != plan.plan_hash:  # not read in full
        return now
    try:
        return opened(directory, lambda session: session.approve(reader, plan.plan_hash, choices))
    except PlanStale:  # it has moved since it was looked at
        raise PlanStale(output.say("cli.plan.stale", path=path)) from None


def opened(directory: Path, act: Callable[[Session], RecoveryReport]) -> RecoveryReport:
    """What came of a visit to the store; what was applied is durable and readable."""
    session = Session.open(directory, visit=True)
    try:
        facts = act(session)
        if facts.applied:
            session.checkpoint()
    finally:
        session.close(save=False)
    return facts


def code_of(facts: RecoveryReport, *, looked: bool) -> int:
    """The exit code; ``looked``: corrections were shown, not made."""
    left = bool(facts.flattened is not None and facts.flattened.left)
    seen = bool(looked and facts.plan is not None and facts.plan.corrections)
    return EXIT_OF_DECISION[facts.decision] or (EXIT_HUMAN if left or seen else EXIT_OK)
