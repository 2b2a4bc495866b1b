"""Many walks at once on one thread: each is a generator of questions, asked one at a time.

A walk yields a ``Question`` and is sent its rows; ``NotThere`` and ``NotRead`` are thrown into it.
What it returns is its task's value; what it does not catch is its task's problem, and nobody
else's.

1. Of the walks under way the one whose bucket is free first asks next (``rate_limit``); of those
   that could ask at once, the one that has waited longest. So a list that fills its bucket holds up
   no other, and the same answers give the same order of questions.
2. What came to nothing (``Again``) is asked again after a growing pause, in which others ask: at
   most ``tries_max`` times for one question and ``retries_max`` times for all.
3. ``refused`` is the code with which every signed question was refused, and none was answered.
4. After ``budget_s`` seconds nothing is asked any more: what is not read by then was "not read
   within N s". A question under way may last as long as the client lets it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from prometheus_persist.clock import Clock
from prometheus_persist.errors import BadValue
from prometheus_persist.exchange.okx.fields import BadRow
from prometheus_persist.exchange.okx.query import Again, NotRead, NotThere, ReadOnlyClient, Row
from prometheus_persist.exchange.okx.rate_limit import Pace

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Question:
    """One GET."""

    endpoint: str
    params: Mapping[str, str] = field(default_factory=dict)


Walk = Generator[Question, list[Row], Value]


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Bounds of one reading."""

    tries_max: int = 4
    retries_max: int = 20
    first_pause_s: float = 0.3
    pages_max: int = 2_000
    rounds_max: int = 5
    order_questions_max: int = 500


class Task(Generic[Value]):
    """One walk under way, and how it ended: with a ``value``, or with a ``problem`` in words.

    ``asked_ms`` and ``answered_ms`` are of its last question, by our clock.
    """

    def __init__(self, walk: Walk[Value]) -> None:
        self._walk: Walk[Any] = walk
        self.question: Question | None = None
        self.done = False
        self.problem = ""
        self.tries = 0
        self.not_before_s = 0.0
        self.turn = 0
        self.asked_ms = 0
        self.answered_ms = 0
        self._value: Value | None = None

    @property
    def value(self) -> Value:
        """What the walk returned; raises NotRead where it did not."""
        if not self.done or self.problem:
            raise NotRead(self.problem or "not read")
        return self._value  # type: ignore[return-value]  # None only where Value has it

    def move(self, answer: list[Row] | Exception | None) -> None:
        """Hand the walk its answer and take its next question."""
        self.tries, self.not_before_s = 0, 0.0
        try:
            if isinstance(answer, Exception):
                self.question = self._walk.throw(answer)
            elif answer is None:
                self.question = next(self._walk)
            else:
                self.question = self._walk.send(answer)
        except StopIteration as end:
            self._end(end.value, "")
        except NotThere:
            self._end(None, "answered as if an order had been asked for")
        except (NotRead, BadRow, BadValue) as problem:
            self._end(None, str(problem) or type(problem).__name__)

    def _end(self, value: Value | None, problem: str) -> None:
        self.done, self.question = True, None
        self._value, self.problem = value, problem


class Driver:
    """One reading's questions, in turn."""

    def __init__(
        self, client: ReadOnlyClient, clock: Clock, pace: Pace, limits: ReadLimits, budget_s: float
    ) -> None:
        self._client = client
        self._clock = clock
        self._pace = pace
        self._limits = limits
        self._budget_s = budget_s
        self._end_s = clock.monotonic_s() + budget_s
        self._retries_left = limits.retries_max
        self._under_way: list[Task[Any]] = []
        self._turns = 0
        self._codes: set[str] = set()

    def start(self, walk: Walk[Value]) -> Task[Value]:
        """Begin a walk; it moves on whenever anything is run."""
        task = Task(walk)
        self._turns += 1
        task.turn = self._turns
        task.move(None)
        self._under_way.append(task)
        return task

    def run(self, tasks: Iterable[Task[Any]]) -> None:
        """Ask until these have ended; the others move along."""
        wanted = list(tasks)
        while not all(task.done for task in wanted):
            self._under_way = [task for task in self._under_way if not task.done]
            self._step()

    def read(self, walk: Walk[Value]) -> Task[Value]:
        """Begin a walk and see it to its end."""
        task = self.start(walk)
        self.run([task])
        return task

    @property
    def refused(self) -> str:
        """OKX's code where all that was signed was refused with it; "" otherwise."""
        return next(iter(self._codes)) if len(self._codes) == 1 else ""

    def _step(self) -> None:
        """Ask one question."""
        now_s = self._clock.monotonic_s()
        ready_s, _, task = min(
            (max(now_s, self._ready_s(each)), each.turn, each) for each in self._under_way
        )
        if ready_s >= self._end_s:
            for each in list(self._under_way):
                each.move(NotRead(f"not read within {self._budget_s:g} s"))
            return
        if ready_s > now_s:
            self._clock.sleep(ready_s - now_s)
        self._turns += 1
        task.turn = self._turns
        self._ask(task)

    def _ready_s(self, task: Task[Any]) -> float:
        question = task.question
        if question is None:
            return 0.0
        return max(self._pace.free_at_s(question.endpoint, question.params), task.not_before_s)

    def _ask(self, task: Task[Any]) -> None:
        question = task.question
        if question is None:  # ended by a walk that it waited for
            return
        answer: list[Row] | Exception
        task.asked_ms = self._clock.now_ms()
        try:
            answer = self._client.get(question.endpoint, question.params)
        except (NotRead, NotThere) as problem:
            answer = problem
        task.answered_ms = self._clock.now_ms()
        now_s = self._clock.monotonic_s()
        self._pace.asked(question.endpoint, question.params, now_s)
        task.tries += 1
        if (
            isinstance(answer, Again)
            and task.tries < self._limits.tries_max
            and self._retries_left > 0
        ):
            self._retries_left -= 1
            task.not_before_s = now_s + self._limits.first_pause_s * 2 ** (task.tries - 1)
            return
        if not question.endpoint.startswith("public/"):
            self._codes.add(answer.code if isinstance(answer, NotRead) else "")
        task.move(answer)
