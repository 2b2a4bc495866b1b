"""Somebody else's live system, attached: its own objects are saved with every commit, and restored.

    p = attach(launcher, "persistence", modules=["prometheus.core", "__main__"])

``attach`` opens a ``Session`` and adds the host's objects to what it saves. Where the store holds
the host already, the live root gets its attributes back, and everything below it is made anew
without calling a constructor: same values, types, bits, order and sharing, and the same random
numbers from then on. Where it holds none, everything that cannot be kept is refused at once, each
with its path and a remedy, before the first byte.

- ``modules``: whose classes may be written and made again. Nothing is ever imported for a row.
- ``skip``: attributes (``Class.attribute``) and classes that are left out; ``rebind``: attributes
  that come from the freshly built root (``{"Supervisor.okx": "okx"}``); ``bound``: types whose
  instances do. Clients of an exchange and what is called a secret are left out by themselves.
  After a restore such a place has what the fresh host has there; ``unbound`` names those where it
  has nothing.
- ``public``: attributes and keys that are called like a secret and are none (``Trade.token``).
- ``rename``: ``{"module:Old": "module:New", "Class.old": "new"}`` for what was renamed since.
- ``upcast``: ``{"module:Class": step}`` for a class that has other attributes now. At each restore
  ``step`` is given those of every object of it, by name, and returns them as they should be; the
  same where nothing is to be done. Without one, attributes that are gone are kept (where their
  slot is gone, that is an error), and new ones are left to the class's default.
- ``adapters``: ``{type: (to_plain, from_plain)}`` for what is more than its attributes.
- ``detect``: ``learned`` looks at settled records now and then, ``complete`` at everything with
  each save; ``live``: classes whose instances are no records.

- ``views``: the host's own books, to be compared with ours (``host_views.py``).
- ``exchange``: the ccxt client of the host, or where the root has it (``"trading.okx"``). Then the
  three books are reconciled as soon as the host is there: ``report`` says what was found, and the
  gate for orders is open only where all is well. Nothing is ever sent through it from here.

Everything else of the session is at ``session``: ``freeze``, ``approve``, the gate. An agent that
places its first order is registered. A settled record that changed all the same is logged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, Unpack

from prometheus_persist.errors import BadConfig
from prometheus_persist.exchange.reader import ExchangeReader
from prometheus_persist.graph.classes import ClassTable
from prometheus_persist.graph.kinds import attributes
from prometheus_persist.graph.node import GraphDelta
from prometheus_persist.graph.policy import Adapter, HostPolicy, policy
from prometheus_persist.graph.rebinding import rebind as bound_again
from prometheus_persist.graph.rebuild import Upcast, fill, rebuild
from prometheus_persist.graph.rebuild import upcast as brought_up
from prometheus_persist.graph.survey import HostSurvey, survey
from prometheus_persist.graph.tracker import META, Tracker
from prometheus_persist.journal.change import Image
from prometheus_persist.reconcile.finding import Choices
from prometheus_persist.recovery.facts import ObjectCount
from prometheus_persist.report.steps import present
from prometheus_persist.saving.gate import OrderTerms
from prometheus_persist.saving.host_capture import COUNTED, HostCapture
from prometheus_persist.saving.host_pieces import left_behind
from prometheus_persist.saving.intents import IntentHandle
from prometheus_persist.saving.random_state import RANDOM, GlobalRandom, put_back
from prometheus_persist.session import host_options
from prometheus_persist.session.cut_cycle import CYCLE, cut
from prometheus_persist.session.host_views import HostViews
from prometheus_persist.session.reached import refuse_no_cycle
from prometheus_persist.session.report import RecoveryReport
from prometheus_persist.session.session import Session
from prometheus_persist.shown import shown
from prometheus_persist.state import Agent, Contracts, OrderIntent
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.state.models import Side
from prometheus_persist.storage.collecting import held_off
from prometheus_persist.storage.store import Store

LEARNED, COMPLETE = "learned", "complete"


class AttachedHost:
    """A host and its session; ``restored`` says whether it was there before, ``cut`` who had acted
    and who had not in the cycle that its process was cut in, and ``objects`` how many of each class
    there were when they were last counted (as it was attached, or at its exit), and are now."""

    def __init__(
        self,
        session: Session,
        capture: HostCapture,
        told: HostSurvey,
        unbound: list[str],
        root: Any,
        kept: Mapping[str, Any],
        views: HostViews,
        left: JsonObject | None,
        counted: JsonObject | None,
    ) -> None:
        then: dict[str, int] = (counted or {}).get("objects", {})
        now = {} if counted is None else capture.objects()
        self.objects = {name: (then.get(name, 0), now.get(name, 0)) for name in then | now}
        counts = tuple(ObjectCount(name, *pair) for name, pair in sorted(self.objects.items()))
        session.restored = replace(session.restored, objects=counts)
        alive = (name for name, agent in session.state.agents.items() if agent.alive)
        self.cut = cut(left, session.state.supervisor.system_cycle_count, alive)
        self._acted = list(self.cut.acted) if self.cut else []
        self.positions, self.trades, self.door = views.positions, views.trades, views.door
        self.session = session
        self.reader: ExchangeReader | None = None
        self.report: RecoveryReport | None = None
        self.root = root
        self.unbound = unbound
        self.restored = not told.objects
        self.warnings, self.withheld = told.warnings, told.withheld
        self._capture, self._kept = capture, kept

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        self.session.__exit__(kind, problem, trace)

    @property
    def cycle(self) -> int:
        """The last cycle that ``on_cycle`` was told, by whichever process."""
        return self.session.state.supervisor.system_cycle_count

    @property
    def started_ms(self) -> int:
        """When the store began, Unix ms: the start of a host that keeps its own in a local."""
        return self.session.state.watermark.since_ms

    @property
    def late(self) -> Mapping[str, int]:
        """Settled records that changed all the same, by class: found by a complete look."""
        return self._capture.tracker.late

    def order_intent(
        self,
        agent_id: str,
        inst_id: str,
        side: Side,
        quantity: Contracts,
        **terms: Unpack[OrderTerms],
    ) -> IntentHandle:
        """See ``Session.order_intent``; the host's objects are in the same commit."""
        if agent_id not in self.session.state.agents:
            self.session.add_agent(Agent(agent_id=agent_id))
        self.acted(agent_id)
        return self.session.order_intent(agent_id, inst_id, side, quantity, **terms)

    def recover(self) -> RecoveryReport:
        """Reconcile the three books now, see ``Session.recover``; it is ``report`` as well."""
        self.report = self.session.recover(self._asked())
        return self.report

    def approve(self, choices: Choices | None = None) -> RecoveryReport:
        """Approve what ``report`` asks, with other alternatives by finding where ``choices`` names
        some; see ``Session.approve``. Raises BadConfig where there is no plan."""
        found = self.report and present(self.report)
        if not found:
            raise BadConfig("nothing was reconciled: p.recover() first")
        self.report = self.session.approve(self._asked(), found.plan_hash, choices)
        return self.report

    def settle(self, cl_ord_id: str) -> OrderIntent:
        """Ask what an order did and book it; see ``Session.settle``."""
        return self.session.settle(self._asked(), cl_ord_id)

    def _asked(self) -> ExchangeReader:
        if self.reader is None:
            raise BadConfig("no exchange was given: attach(..., exchange=...)")
        return self.reader

    def on_trade(self, agent_id: str) -> int:
        """Save: what a trade touched of the typed books, and whatever changed of the host."""
        self.acted(agent_id)
        return self.session.on_trade(agent_id)

    def acted(self, agent_id: str) -> None:
        """An agent has decided in this cycle, whatever it did: in the next save (``cut``)."""
        if agent_id not in self._acted:
            self._acted.append(agent_id)
            self._capture.beside[CYCLE] = {"acted": list(self._acted)}

    def on_cycle(self, cycle: int, reader: ExchangeReader | None = None) -> int | None:
        """Save after a cycle, by a look at everything; see ``Session.on_cycle``."""
        refuse_no_cycle(cycle)
        self._acted = []
        self._capture.beside[CYCLE] = {"acted": []}
        return self.session.on_cycle(cycle, reader or self.reader)

    def on_agent_death(self, agent_id: str) -> int:
        """Save everything, at once."""
        return self.session.on_agent_death(agent_id)

    def save(self, why: str = "host") -> int:
        """Save whatever changed, durably."""
        return self.session.save(why)

    def keep(self, values: Mapping[str, Any]) -> None:
        """Save plain values by name with the host from now on, as the counters of its loop; raises
        BadValue for an object."""
        self._capture.keep(values)

    def kept(self) -> dict[str, Any]:
        """Those that the process before had kept."""
        return dict(self._kept)

    def check(self) -> list[str]:
        """What differs from what was saved, by class and number, found by a look at everything;
        then how many settled records of which class were found late (``late``). Empty: nothing is
        unsaved, and nothing ever was between two saves. Changes nothing."""
        tracker = self._capture.tracker
        found = [f"{type(node.obj).__qualname__} {node.oid}" for node in tracker.unsaved()]
        late = [f"late: {name}: {count}" for name, count in sorted(tracker.late.items())]
        return [shown(line) for line in (*found, *late)]

    def close(self, *, save: bool = True) -> None:
        """See ``Session.close``."""
        self.session.close(save=save)


def attach(
    root: Any,
    directory: Path | str,
    modules: Iterable[str],
    *,
    skip: Iterable[str] = (),
    public: Iterable[str] = (),
    rebind: Mapping[str, str] | None = None,
    bound: Iterable[type] = (),
    rename: Mapping[str, str] | None = None,
    upcast: Mapping[str, Upcast] | None = None,
    adapters: Mapping[type, Adapter] | None = None,
    detect: str = LEARNED,
    live: Iterable[type] = (),
    views: HostViews | None = None,
    exchange: Any = None,
    **opening: Any,
) -> AttachedHost:
    """Attach ``root`` to the store in ``directory``; ``opening`` goes to ``Session.open``.

    Raises BadValue for what cannot be kept, StoreDamaged for what cannot be made again; then the
    root is as it was, and the store is closed.
    """
    if detect not in (LEARNED, COMPLETE):
        raise BadConfig(f"detect is {detect!r}: {LEARNED} or {COMPLETE}")
    modules, skip, public = (
        host_options.names("modules", modules),
        host_options.names("skip", skip),
        host_options.names("public", public),
    )
    bound, live = host_options.classes("bound", bound), host_options.classes("live", live)
    if views is not None and not isinstance(views, HostViews):
        raise BadConfig(f"views are a HostViews(), not {views!r}")
    host_options.refuse_misspelt(rename, rebind, upcast, adapters)
    given, rules = dict(rename or {}), dict(rebind or {})
    moved = {old: new for old, new in given.items() if ":" in old}
    renamed = {old: new for old, new in given.items() if ":" not in old}
    hands = policy([*skip, *rules], bound, adapters, renamed, public)
    host: AttachedHost | None = None
    try:
        with held_off():
            host = _attached(
                root,
                directory,
                modules,
                hands,
                rules,
                moved,
                upcast or {},
                detect,
                live,
                views or HostViews(),
                opening,
            )
        host.reader = _reader(root, exchange)
        if host.reader is not None:
            host.recover()
        return host
    except BaseException:
        if host is not None:
            host.close(save=False)
        raise


def _reader(root: Any, exchange: Any) -> ExchangeReader | None:
    """What reads the account that this client trades on; raises BadConfig."""
    found = root if isinstance(exchange, str) else exchange
    for name in exchange.split(".") if isinstance(exchange, str) else ():
        if not hasattr(found, name):
            kind = type(found).__qualname__
            raise BadConfig(f"exchange is {exchange!r}, and {kind} has no attribute {name!r}")
        found = getattr(found, name)
    if found is None:
        return None
    from prometheus_persist.exchange.okx.client import OkxReader
    from prometheus_persist.exchange.okx.query import ReadOnlyClient

    if not isinstance(found, ReadOnlyClient) and not hasattr(found, "publicGetPublicTime"):
        kind = type(found).__qualname__  # and nothing of it: it may be a dict of keys
        raise BadConfig(
            f"exchange is a ccxt client of OKX, or where the root has one; not a {kind}"
        )
    return OkxReader(found)


def _attached(
    root: Any,
    directory: Path | str,
    modules: Iterable[str],
    hands: HostPolicy,
    rules: Mapping[str, str],
    moved: Mapping[str, str],
    steps: Mapping[str, Upcast],
    detect: str,
    live: Iterable[type],
    views: HostViews,
    opening: Mapping[str, Any],
) -> AttachedHost:
    session: Session | None = None
    told, unbound, kept = HostSurvey(), list[str](), dict[str, Any]()
    left: JsonObject | None = None
    counted: JsonObject | None = None

    def made(store: Store) -> HostCapture:
        nonlocal told, unbound, kept, left, counted
        documents = store.image.documents
        meta, drawn = documents.get(META), documents.get(RANDOM)
        table = ClassTable(modules, meta["classes"] if meta else (), moved)
        tracker, everything = Tracker(table, hands), detect == COMPLETE
        if meta is None:
            told = survey(root, table, hands, type(root).__name__.lower())
            told.refuse()
            capture = HostCapture.first(store, tracker, root, complete=everything)
        else:
            delta, unbound = _restored(root, store.image, tracker, hands, rules, steps)
            delta.gone = left_behind(store.image) + delta.gone
            capture = HostCapture(store, tracker, GlobalRandom(drawn), complete=everything)
            capture.begin(delta)
            kept, left = capture.kept(documents), documents.get(CYCLE)
            counted = documents.get(COUNTED, {})
        tracker.make_live(live)
        views.begin(root, capture, documents)
        if meta is not None and drawn is not None:
            put_back(drawn)  # before the save: it saves what is drawn from
        return capture

    try:
        session = Session.open(directory, **opening)
        capture = session.take_along(made, views)
        session.save("attached")
        return AttachedHost(session, capture, told, unbound, root, kept, views, left, counted)
    except BaseException:
        if session is not None:
            session.close(save=False)
        raise


def _restored(
    root: Any,
    image: Image,
    tracker: Tracker,
    hands: HostPolicy,
    rules: Mapping[str, str],
    steps: Mapping[str, Upcast],
) -> tuple[GraphDelta, list[str]]:
    """Give the root what the store has; what differs from it now, and places without anything."""
    fresh = dict(attributes(root))
    meta = image.documents[META]
    made = rebuild(meta, image.documents, image.streams, tracker.table, hands, root)
    own, unbound = bound_again(dict(made.attributes), fresh, made.withheld, rules, root)
    places = {name for owner, name, _ in made.withheld if owner is root}
    made.attributes = [
        (name, own.get(name, value))
        for name, value in made.attributes
        if name not in places or name in own
    ]
    brought_up(made, steps, root)
    fill(root, made)
    return tracker.adopt(root, made), unbound
