"""I1, I2: what came back is what was acknowledged, or one commit more, and nothing else."""

from __future__ import annotations

from chaos.oracle.history import AckHistory
from chaos.verdict import RunVerdict


def check(verdict: RunVerdict, history: AckHistory) -> None:
    """Every look at a restored state, and every dump of what the child held."""
    looks = history.looks
    verdict.check(
        "I1",
        "every acknowledged commit is there",
        len(looks),
        [
            f"{look.label}: {look.problem or f'{look.lost} acknowledged commits lost'}"
            for look in looks
            if look.lost or look.problem
        ],
    )
    verdict.check(
        "I2",
        "the restored state is the one said before commit R was written, exactly",
        len(looks),
        [
            f"{look.label} at {look.seq}: {', '.join(look.differences[:4])}"
            for look in looks
            if look.differences
        ],
    )
    verdict.check(
        "I2",
        "at most one commit ahead of the last acknowledged one",
        len(looks),
        [f"{look.label}: {look.ahead} ahead" for look in looks if look.ahead > 1],
    )
    verdict.check(
        "I2",
        "what the child held when a save returned is what was saved",
        history.helds,
        [f"commit {each.seq}: {', '.join(each.keys[:4])}" for each in history.mismatches],
    )
    verdict.figures.agents_due += sum(look.agents_due for look in looks)
    verdict.figures.agents_exact += sum(look.agents_exact for look in looks)
    verdict.figures.states += len(looks)
    verdict.figures.states_exact += sum(
        not (look.differences or look.lost or look.problem) for look in looks
    )
