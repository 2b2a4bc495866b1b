"""``reconcile``: the three books, with a human's word before anything is corrected.

- ``--plan FILE`` and ``--policy observe`` only look: no lock, and no byte but FILE is written.
- ``--apply FILE`` is the human's word for exactly the plan in FILE.
- Otherwise the plan is shown. On a terminal it is asked for, and the yes is bound to the plan's
  hash; ``--yes`` asks nobody. Without either nothing is applied, and the code is 3. Where nothing
  is to be applied, nobody is asked.
- ``--policy flatten`` sends orders, through a client of its own; what is left open is code 3.
- ``--sandbox`` is the check of OKX demo trading (``sandbox.py``), and needs no store.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from prometheus_persist.cli.options import (
    DEFAULT_DIR,
    Dir,
    Json,
    Lang,
    guard,
    output_of,
    refuse_missing,
)
from prometheus_persist.cli.output import Output
from prometheus_persist.cli.sandbox import sandbox_check
from prometheus_persist.cli.venue import venue_reader, venue_sender
from prometheus_persist.errors import EXIT_HUMAN, BadConfig
from prometheus_persist.report.facts import RecoveryFacts
from prometheus_persist.report.jsonform import facts_to_json
from prometheus_persist.report.page import render_page
from prometheus_persist.report.text import render_text
from prometheus_persist.session import EXIT_OF_DECISION, Session, plan_only

POLICIES = ("adopt", "observe", "flatten")

Exchange = Annotated[
    str,
    typer.Option(
        "--exchange",
        envvar="PERSIST_OKX_URL",
        help="Base URL of the exchange; empty for OKX itself. Keys come from OKX_API_KEY, "
        "OKX_API_SECRET and OKX_API_PASSPHRASE.",
    ),
]
Demo = Annotated[bool, typer.Option("--demo/--live", help="OKX demo trading, or real.")]


def reconcile(
    directory: Dir = DEFAULT_DIR,
    exchange: Exchange = "",
    demo: Demo = True,
    plan: Annotated[
        Path | None, typer.Option("--plan", help="Only look: write the plan here, change nothing.")
    ] = None,
    apply: Annotated[
        Path | None, typer.Option("--apply", help="Apply this plan, if it still holds.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Apply what is proven without asking.")
    ] = False,
    policy: Annotated[
        str,
        typer.Option(
            "--policy",
            help="adopt: correct what is proven. observe: only look. flatten: adopt, then close "
            "every position at market, reduce-only.",
        ),
    ] = "adopt",
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the report as one HTML page, too.")
    ] = None,
    sandbox: Annotated[
        bool,
        typer.Option(
            "--sandbox", help="Check OKX demo trading step by step instead; needs no store."
        ),
    ] = False,
    transcript: Annotated[
        Path | None, typer.Option("--transcript", help="With --sandbox: write its steps here.")
    ] = None,
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Make the three books agree, with evidence.

    Compares public ledger, private ledgers and exchange, and corrects what is proven. On a terminal
    it asks first; scripts say --yes. Without either, corrections are shown, not made: exit 3.

    What needs a human changes nothing: look at it with --plan plan.json, approve it with
    --apply plan.json. The approval is bound to the plan's hash.
    """
    output = output_of(as_json, lang)
    if sandbox:
        alone = demo and plan is None and apply is None and html is None
        raise typer.Exit(_sandbox(output, exchange, transcript, alone=alone))
    with guard(output):
        _refuse_unfit(plan, apply, policy, transcript)
        refuse_missing(directory)
        reader = venue_reader(exchange, sandbox=demo, environ=os.environ)
        question = _Question(output, policy)
        if plan is not None or policy == "observe":
            facts = plan_only(directory, reader, policy=policy if policy == "observe" else "")
            if plan is not None:
                plan.write_text(json.dumps(facts_to_json(facts), ensure_ascii=False, indent=2))
        else:
            more: dict[str, Any] = {"policy": policy, "confirm": None if yes else question.ask}
            if policy == "flatten":
                more["send"] = venue_sender(exchange, sandbox=demo, environ=os.environ)
            facts = _carried_out(directory, reader, apply, more)
        if not question.declined:
            output.text(render_text(facts, output.lang))
        output.data(facts_to_json(facts))
        if html is not None:
            html.write_text(render_page(facts, output.lang), encoding="utf-8")
    raise typer.Exit(_code(facts))


@dataclass
class _Question:
    """The one question, put to whoever sits at the terminal."""

    output: Output
    policy: str
    declined: bool = False

    def ask(self, facts: RecoveryFacts) -> bool:
        """Show what would be done, and ask; no where nobody can be asked."""
        say, talk = self.output.say, self.output.talk
        self.output.text(render_text(facts, self.output.lang))
        words = "cli.confirm_flatten" if self.policy == "flatten" else "cli.confirm"
        if at_a_terminal() and typer.confirm(say(words), default=False, err=True):
            return True
        self.declined = True
        talk.print(say("cli.not_applied"), markup=False)
        talk.print(f"{say('cli.next')} {say('next.confirm')}", markup=False)
        return False


def at_a_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _carried_out(
    directory: Path, reader: Any, apply: Path | None, more: dict[str, Any]
) -> RecoveryFacts:
    approved = _approved_hash(apply) if apply is not None else ""
    session = Session.open(directory, visit=True)
    try:
        facts = session.approve(reader, approved) if approved else session.recover(reader, **more)
        if facts.applied:
            session.checkpoint()
    finally:
        session.close(save=False)
    return facts


def _sandbox(output: Output, exchange: str, transcript: Path | None, *, alone: bool) -> int:
    with guard(output):
        if not alone:
            raise BadConfig("--sandbox is a check of its own; it takes --exchange and --transcript")
        return sandbox_check(output, exchange, os.environ, transcript)


def _refuse_unfit(
    plan: Path | None, apply: Path | None, policy: str, transcript: Path | None
) -> None:
    if transcript is not None:
        raise BadConfig("--transcript belongs to --sandbox")
    if policy not in POLICIES:
        raise BadConfig(f"--policy {policy}: there are {', '.join(POLICIES)}")
    if plan is not None and apply is not None:
        raise BadConfig("--plan and --apply exclude each other")
    if apply is not None and policy != "adopt":
        raise BadConfig(f"--apply carries out a plan as it is; it does not go with {policy}")
    if plan is not None and policy == "flatten":
        raise BadConfig("--plan only looks; it does not go with flatten")


def _code(facts: RecoveryFacts) -> int:
    left = facts.flattened is not None and facts.flattened.left
    return EXIT_OF_DECISION[facts.decision] or (EXIT_HUMAN if left else 0)


def _approved_hash(path: Path) -> str:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return str(found["plan"]["plan_hash"])
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise BadConfig(f"{path} is not a plan written by --plan: {problem}") from None
