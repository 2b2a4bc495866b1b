"""Many walks at once: each is a generator of questions, asked one at a time.

A walk yields a ``Question`` and is sent its rows; ``NotThere`` and ``NotRead`` are thrown into it.
What it returns is its task's value; what it does not catch is its task's problem, and nobody
else's.

1. Of the walks under way all that may ask at once do (``rate_limit``), up to ``at_once_max`` of
   them, those that have waited longest first; where none may, the one whose bucket is free first.
   So a list that fills its bucket holds up no other.
2. Those questions are asked side by side, a thread each, where the client can be asked so; else one
   after another. When all have their answers, the walks move on, in the order in which they asked:
   walks run on the caller's thread alone, and the same answers give the same questions.
3. What came to nothing (``Again``) is asked again after a growing pause, in which others ask: at
   most ``tries_max`` times for one question and ``retries_max`` times for all.
4. ``refused`` is the code with which every signed question was refused, and none was answered.
5. After ``budget_s`` seconds nothing is asked any more: what is not read by then was "not read
   within N s". A question under way may last as long as the client lets it.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from prometheus_persist.clock import Clock
from prometheus_persist.errors import BadValue
from prometheus_persist.exchange.okx.fields import BadRow
from prometheus_persist.exchange.okx.query import Again, NotRead, NotThere, ReadOnlyClient, Row
from prometheus_persist.exchange.okx.rate_limit import Pace, bucket

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
    at_once_max: int = 8


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
        """Ask what may be asked next, and move those walks on."""
        now_s = self._clock.monotonic_s()
        ready_s = max(now_s, min(map(self._ready_s, self._under_way)))
        if ready_s >= self._end_s:
            for each in list(self._under_way):
                each.move(NotRead(f"not read within {self._budget_s:g} s"))
            return
        if ready_s > now_s:
            self._clock.sleep(ready_s - now_s)
        asking = self._ready(ready_s)
        for task in asking:
            self._turns += 1
            task.turn = self._turns
        for task, answer in zip(asking, self._answers(asking), strict=True):
            self._answered(task, answer)

    def _ready(self, at_s: float) -> list[Task[Any]]:
        """The tasks that ask together at that time."""
        found: list[Task[Any]] = []
        beside: Counter[tuple[str, str]] = Counter()
        for task in sorted(self._under_way, key=lambda each: each.turn):
            question = task.question
            if question is None:  # ended by a walk that it waited for
                continue
            counted = bucket(question.endpoint, question.params)
            if self._ready_s(task, beside[counted]) <= at_s:
                found.append(task)
                beside[counted] += 1
            if len(found) >= (self._limits.at_once_max if self._client.at_once else 1):
                break
        return found

    def _ready_s(self, task: Task[Any], beside: int = 0) -> float:
        question = task.question
        if question is None:
            return 0.0
        free_s = self._pace.free_at_s(question.endpoint, question.params, beside)
        return max(free_s, task.not_before_s)

    def _answers(self, tasks: list[Task[Any]]) -> list[list[Row] | Exception]:
        """The answer to each one's question; the first is asked by this thread."""
        answers: SimpleQueue[tuple[int, list[Row] | BaseException]] = SimpleQueue()

        def ask(number: int) -> None:
            try:
                answers.put((number, self._answer(tasks[number])))
            except BaseException as problem:  # noqa: BLE001 it is raised again by who waits for it
                answers.put((number, problem))

        for number in range(1, len(tasks)):
            name = f"ask {tasks[number].turn}"
            try:
                threading.Thread(target=ask, args=(number,), name=name, daemon=True).start()
            except RuntimeError:  # there are no more threads to be had
                ask(number)
        if tasks:
            ask(0)
        found = dict(answers.get() for _ in tasks)
        told: list[list[Row] | Exception] = []
        for number in range(len(tasks)):
            answer = found[number]
            if isinstance(answer, list | NotRead | NotThere):
                told.append(answer)
            else:
                raise answer
        return told

    def _answer(self, task: Task[Any]) -> list[Row] | Exception:
        """Ask, on whatever thread this is."""
        question = task.question
        assert question is not None
        task.asked_ms = self._clock.now_ms()
        try:
            return self._client.get(question.endpoint, question.params)
        except (NotRead, NotThere) as problem:
            return problem
        finally:
            task.answered_ms = self._clock.now_ms()

    def _answered(self, task: Task[Any], answer: list[Row] | Exception) -> None:
        """Count the question, and hand the walk its answer, or keep it for another try."""
        question = task.question
        assert question is not None
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
