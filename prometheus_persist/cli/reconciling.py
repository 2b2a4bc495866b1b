"""``reconcile``: the three books, with a human's word before anything is corrected.

- ``--plan FILE`` and ``--policy observe`` only look: no lock, and no byte but FILE is written.
  Where they see what differs the code is 3, though it be proven: it is not corrected.
- ``--apply FILE`` is the human's word for exactly the plan in FILE (``plan_files.py``), with the
  alternatives that it suggests or those that ``--choose`` names. Whether it may be applied is found
  out before the store is opened; an exchange that is not read in full is code 5, and no stale plan.
- ``--adopt-account UID`` keeps the books for another account from now on.
- Otherwise the plan is shown. On a terminal it is asked for, and the yes is bound to the plan's
  hash; ``--yes`` asks nobody. Without either nothing is applied, and the code is 3. Where nothing
  is to be applied, nobody is asked.
- ``--policy flatten`` sends orders, through a client of its own; what is left open is code 3. With
  ``--live`` the account is named, by its uid: typed at the question, or as ``--account UID``.
- ``--sandbox`` is the check of OKX demo trading (``command.py``), and needs no store.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prometheus_persist.cli.options import (
    DEFAULT_DIR,
    Demo,
    Dir,
    Exchange,
    Json,
    Lang,
    guard,
    output_of,
    refuse_missing,
)
from prometheus_persist.errors import BadConfig
from prometheus_persist.harness import harness

if TYPE_CHECKING:
    from prometheus_persist.cli.output import Output

POLICIES = ("adopt", "observe", "flatten")


PlanFileOption = Annotated[
    Path | None, typer.Option("--plan", help="Only look: write the plan here, change nothing.")
]
ApplyOption = Annotated[
    Path | None, typer.Option("--apply", help="Apply this plan, if it still holds.")
]
ChooseOption = Annotated[
    list[str] | None,
    typer.Option(
        "--choose",
        metavar="FINDING=ALTERNATIVE",
        help="With --apply: settle this finding another way than suggested. May be repeated.",
    ),
]
AdoptAccountOption = Annotated[
    str,
    typer.Option(
        "--adopt-account", metavar="UID", help="Keep the books for this account from now on."
    ),
]
AccountOption = Annotated[
    str,
    typer.Option(
        "--account",
        metavar="UID",
        help="With --policy flatten --live: the real account whose positions are closed.",
    ),
]
YesOption = Annotated[
    bool, typer.Option("--yes", "-y", help="Apply what is proven without asking.")
]
PolicyOption = Annotated[
    str,
    typer.Option(
        "--policy",
        help="adopt: correct what is proven. observe: only look. flatten: adopt, then close "
        "every position at market, reduce-only.",
    ),
]
HtmlOption = Annotated[
    Path | None, typer.Option("--html", help="Write the report as one HTML page, too.")
]
SandboxOption = Annotated[
    bool,
    typer.Option("--sandbox", help="Check OKX demo trading step by step instead; needs no store."),
]
TranscriptOption = Annotated[
    Path | None, typer.Option("--transcript", help="With --sandbox: write its steps here.")
]


def reconcile(
    directory: Dir = DEFAULT_DIR,
    exchange: Exchange = "",
    demo: Demo = True,
    plan: PlanFileOption = None,
    apply: ApplyOption = None,
    choose: ChooseOption = None,
    adopt_account: AdoptAccountOption = "",
    account: AccountOption = "",
    yes: YesOption = False,
    policy: PolicyOption = "adopt",
    html: HtmlOption = None,
    sandbox: SandboxOption = False,
    transcript: TranscriptOption = None,
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Make the three books agree, with evidence.

    Compares public ledger, private ledgers and exchange, and corrects what is proven. On a terminal
    it asks first; scripts say --yes. Without either, or with --plan or --policy observe,
    corrections are shown, not made: exit 3.

    What needs a human is left as it is, and the rest goes on: write it down with --plan plan.json,
    read it, approve it with --apply plan.json. Each question has its alternatives; the suggested
    one is taken unless --choose names another. An approval holds for this plan, store and account.
    """
    output = output_of(as_json, lang, directory, exchange, demo=demo)
    if sandbox:
        alone = demo and plan is None and apply is None and html is None
        raise typer.Exit(_sandbox(output, exchange, transcript, alone=alone))
    with guard(output):
        from prometheus_persist.cli import recovering
        from prometheus_persist.cli.output import refuse_unwritable, write_private
        from prometheus_persist.cli.plan_files import offered
        from prometheus_persist.cli.venue import venue_reader, venue_sender
        from prometheus_persist.report.json_form import facts_to_json
        from prometheus_persist.report.pages.recovery_page import render_page
        from prometheus_persist.report.text import render_text
        from prometheus_persist.session import Session, plan_only

        _refuse_unfit(plan, apply, policy, transcript, choose or [], adopt_account)
        if account and (policy != "flatten" or demo):
            raise BadConfig("--account goes with --policy flatten --live")
        refuse_unwritable(plan, html)
        refuse_missing(directory)
        reader = venue_reader(exchange, sandbox=demo, environ=os.environ)
        question = recovering.Asking(output, policy, adopt_account)
        if policy == "flatten" and not demo:
            question.account = recovering.real_account(reader, account, output, yes=yes)
            question.named = bool(account)
        if plan is not None or policy == "observe":
            facts = plan_only(directory, reader, policy=policy if policy == "observe" else "")
            if plan is not None:
                write_private(plan, offered(facts_to_json(facts)))
        elif apply is not None:
            facts = recovering.approved(directory, reader, apply, choose or [], demo, output)
        else:
            more: dict[str, Any] = {"policy": policy, "confirm": None if yes else question.ask}
            if policy == "flatten":
                more["send"] = venue_sender(exchange, sandbox=demo, environ=os.environ)
            recover = partial(Session.recover, reader=reader, adopt_account=adopt_account, **more)
            facts = recovering.opened(directory, recover)
        if not question.declined:
            output.report(render_text(facts, output.lang))
        output.data(facts_to_json(facts))
        if html is not None:
            write_private(html, render_page(facts, output.lang))
        code = recovering.code_of(facts, looked=plan is not None or policy == "observe")
    raise typer.Exit(code)


def _sandbox(output: Output, exchange: str, transcript: Path | None, *, alone: bool) -> int:
    with guard(output):
        if not alone:
            raise BadConfig("--sandbox is a check of its own; it takes --exchange and --transcript")
        code: int = harness("sandbox.command").sandbox_check(
            output, exchange, os.environ, transcript
        )
        return code


def _refuse_unfit(
    plan: Path | None,
    apply: Path | None,
    policy: str,
    transcript: Path | None,
    choose: list[str],
    adopt_account: str,
) -> None:
    if transcript is not None:
        raise BadConfig("--transcript belongs to --sandbox")
    if policy not in POLICIES:
        raise BadConfig(f"--policy {policy}: there are {', '.join(POLICIES)}")
    if plan is not None and apply is not None:
        raise BadConfig("--plan and --apply exclude each other")
    if apply is not None and policy != "adopt":
        raise BadConfig(f"--apply carries out a plan as it is; it does not go with {policy}")
    if choose and apply is None:
        raise BadConfig("--choose goes with --apply plan.json")
    if adopt_account and (plan is not None or apply is not None or policy != "adopt"):
        raise BadConfig("--adopt-account is a word of its own; only --yes goes with it")
    if plan is not None and policy == "flatten":
        raise BadConfig("--plan only looks; it does not go with flatten")
