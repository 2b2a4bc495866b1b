"""Mistakes that only an interrupted call shows: ``sweep interrupt`` must catch each of them.

``scene`` is the call, ``near`` a part of the name of the function that is struck.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chaos.saboteurs.planted import Mistake

STRUCK: Final[Mapping[str, Mistake]] = {
    "knows-before-it-wrote": Mistake(
        "saving.saver:Saver._submit",
        "learn = partial(self._capture.learn, found)\n"
        "ticket = self.store.enqueue(change, learn, awaited=awaited)",
        "for key, each in found.items():\n"
        "    before = self.store.image.documents.get(key)\n"
        "    was = each.content if before is None else before\n"
        "    known = type(each)(each.rules, was, each.ids, each.names, each.values,\n"
        "        each.plain, each.deep, each.extra)\n"
        "    self._capture._known[key] = known\n"
        "learn = partial(self._capture.learn, found)\n"
        "ticket = self.store.enqueue(change, learn, awaited=awaited)",
        "save",
        near="Store.enqueue",
        seen_as="acknowledged and lost",
    ),
    "swapped-before-the-try": Mistake(
        "storage.committer:Committer._put_down",
        "try:\n"
        "with self._guard:\n"
        "group, self._pending = self._pending, group\n"
        "self._pending_bytes = 0\n"
        "if group:",
        "with self._guard:\n"
        "    group, self._pending = self._pending, []\n"
        "    self._pending_bytes = 0\n"
        "try:\n"
        "    if group:",
        "save among others",
        near="_put_down",
        seen_as="acknowledged and lost",
    ),
    "goes-on-halfway": Mistake(
        "storage.committer:Committer.whole",
        "self.failed = self.failed or INTERRUPTED  # first, and in one step\n"
        "self._shut_by(problem)",
        "pass",
        "settle",
        near="Saver._save_moved",
        seen_as="contracts that nobody traded",
    ),
    "chained-halfway": Mistake(
        "storage.store:Store.enqueue",
        "return self.whole(self._taken_in, change, encoded, learn, promised, awaited)",
        "return self._taken_in(change, encoded, learn, promised, awaited)",
        "save",
        near="Image.apply",
        seen_as="acknowledged and lost",
    ),
    "locks-kept": Mistake(
        "storage.interrupts:Latches.let_go",
        "lock.release()",
        "break",
        "save",
        near="Saver._submit",
        seen_as="hangs",
    ),
    "marks-taken-first": Mistake(
        "session.writer:StoreWriter._save",
        'marked = self._marks.made()\neverything = self.settings.detect == "everything"',
        "marked = self._marks.made()\n"
        "self._marks.saved(marked)\n"
        'everything = self.settings.detect == "everything"',
        "save of what is marked",
        near="Saver.save",
        seen_as="acknowledged and lost",
    ),
    "heard-and-forgotten": Mistake(
        "session.live_booking:work_off",
        "heard = context.hearing.heard()\n"
        "everything = sorted(context.state.intents) if heard.everything != NOT else []",
        "heard, everything = context.hearing.heard(), []\n"
        "for name in heard.names:\n"
        "    context.hearing.looked_into(heard, name)",
        "work_off",
        near="settle_one",
        seen_as="heard and forgotten",
    ),
    "waits-for-who-waits-for-it": Mistake(
        "storage.store:Store.close",
        "self.latches.let_go()",
        "pass",
        "close",
        near="Committer.refuse_fenced",
        seen_as="hangs",
    ),
    "host-taken-for-kept": Mistake(
        "saving.host_capture:HostCapture.take",
        "self._taken = True",
        "pass",
        "save with a host",
        near="Saver._submit",
        seen_as="another host",
    ),
    "sums-in-the-hosts-context": Mistake(
        "reconcile.tally:ExecutionSums.take",
        "self._pay(told)",
        "with __import__('decimal').localcontext(EXACT): self._pay(told)",
        "settle",
        near="tally.py:",
        seen_as="another decimal context",
    ),
    "number-given-twice": Mistake(
        "graph.writing:GraphWriter.node",
        "number, self.next = self.next, self.next + 1  # first: no other node ever gets it\n"
        "found = self.nodes[id(obj)] = GraphNode(obj, number, kind)",
        "found = self.nodes[id(obj)] = GraphNode(obj, self.next, kind)\nself.next += 1",
        "save with a host",
        near="node+",
        seen_as="refuses without saying why",
    ),
    "collector-left-off": Mistake(
        "storage.collecting:held_off",
        "finally:  # a signal may strike the one above\nif on:\ngc.enable()",
        "finally:\n    pass",
        "open",
        near="collecting.py",
        seen_as="the collector is off",
    ),
}
