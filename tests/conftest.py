"""Which tests are quick, which are slow, and which trade only when they are asked for by name.

**Quick.** ``pytest -m quick`` takes less than a minute on two cores. A test is quick by the file it
is in: what decides and computes, without an exchange or a child in a process of its own. Files that
are not quick are then not even imported.

**Slow.** ``pytest`` alone leaves out what tries one thing in hundreds of places, random histories,
twenty thousand requests, other Pythons and guides as printed; it says so in its first lines.
``pytest -m slow`` runs just that, and whoever names a file, a test, a word (``-k``) or a marker
gets all that is named. ``.ci/run`` runs both.

**Bytecode.** Thousands of processes are started by these tests. Where Python is told to write no
bytecode, each would compile the packages anew, which is a third of the time that it takes; so it is
kept under ``.pytest_cache`` then, and nothing appears beside the sources.

**Processes.** An exchange that a test only needs is forked from a process that has imported it, and
so is the trading system of a scenario (``warmkit.py``).

**Workers.** Half of the time of a test is waiting: for a disk, for a clock, for a process that it
started. So there are two workers for each core, but for the quick tests, which wait for nothing;
and what takes longest comes first, so that no worker begins with it when the others are done.

**Clocks.** No test of hypothesis fails because other programs had the processor.

**Keys.** No test trades because keys happen to be in the environment. ``pytest -m okx_sandbox`` is
the asking. For anything else, ``-m "not chaos"`` among it, the keys are taken out of the
environment of this process and of all that it starts, before a test is looked at.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import TypeVar

import pytest
from _pytest.mark.expression import Expression
from hypothesis import HealthCheck, settings
from warmkit import COLD, warm

settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")
MARKER = "okx_sandbox"
KEYS = ("OKX_API_KEY", "OKX_API_SECRET", "OKX_API_PASSPHRASE", "PERSIST_OKX_URL")

T = TypeVar("T")
QUICK = "quick"
SLOW = "slow"
LEAVES_OUT = "leaves_out_slow"
QUICK_FILES = (
    "test_state_*.py",
    "test_graph_*.py",
    "test_journal_*.py",
    "test_reconcile_*.py",
    "test_report_*.py",
    "test_saving_*.py",
    "test_storage_*.py",
    "test_exchange_[lopsrw]*.py",
    "test_session.py",
    "test_session_opening.py",
    "test_session_[imrt]*.py",
    "test_session_scope.py",
    "test_recovery_[ab]*.py",
    "test_recovery_mirror.py",
    "test_store_unreadable.py",
    "test_bench_[fst]*.py",
    "test_fakeokx_engine_*.py",
    "test_fakeokx_wire_*.py",
    "test_fakeokx_faults_*.py",
    "test_fakeokx_docs.py",
    "test_fakeokx_stream_pushes.py",
    "test_fakeokx_stream_session.py",
    "test_chaos_[jlr]*.py",
    "test_chaos_cli.py",
    "test_chaos_criteria.py",
    "test_chaos_digest.py",
    "test_chaos_faults.py",
    "test_chaos_invariants.py",
    "test_chaos_oracle.py",
    "test_chaos_saboteurs_planted.py",
    "test_chaos_strategy.py",
    "test_*architecture.py",
    "test_errors.py",
    "test_lazy.py",
    "test_promises.py",
    "test_contributing.py",
    "test_house.py",
    "test_languages.py",
    "test_tests.py",
)
SLOWER_FILES = (
    "test_recovery_beside.py",
    "test_bench_sizes.py",
    "test_bench_turns.py",
    "test_exchange_pages.py",
    "test_fakeokx_engine_determinism.py",
    "test_journal_archive.py",
    "test_journal_records.py",
    "test_reconcile_properties.py",
    "test_report_seed_example.py",
    "test_state_ownjson.py",
    "test_storage_many.py",
    "test_storage_mark.py",
    "test_storage_retention.py",
)
SLOWER_TESTS = (  # in files that are quick otherwise: random histories, every point of something,
    # programs of others, whole sweeps
    "test_a_random_graph_comes_back_after_any_mutation",
    "test_a_sweep_with_json_or_in_a_pipe_has_no_such_line",
    "test_after_any_history_and_crash_every_cent_is_explained",
    "test_an_adopted_difference_at_any_price_leaves_nothing_behind",
    "test_any_changes_in_any_order",
    "test_apprise_is_imported_when_it_is_asked_for_and_tells",
    "test_booking_conserves_contracts_and_money",
    "test_books_begun_with_sums_are_those_of_every_record",
    "test_change_replay_equals_the_live_image",
    "test_each_readable_file_that_is_damaged_is_named_whoever_read_it",
    "test_every_cent_is_explained_in_long_short_mode",
    "test_exactjson_any_bytes_give_a_value_or_damage",
    "test_exactjson_round_trip",
    "test_frame_of_which_sectors_did_not_arrive_is_torn",
    "test_fs_every_power_cut_in_a_batch_leaves_old_or_new",
    "test_history_is_the_list_it_stands_for",
    "test_however_long_the_past_is_the_page_is_of_a_size",
    "test_money_that_moved_without_a_trace_is_always_found",
    "test_projection_every_single_bit_flip",
    "test_redacted_takes_any_text",
    "test_rule_5_money_is_conserved_whatever_happens",
    "test_rules_write_what_the_models_write",
    "test_session_a_first_opening_cut_short_is_still_fresh",
    "test_sessions_do_everything",
    "test_slow_tests_are_left_out_only_where_nobody_asks",
    "test_store_acknowledged_commits_survive_any_power_cut",
    "test_streams_are_the_same_packed_and_looked_at_closely",
    "test_the_engine_agrees_with_the_naive_exchange",
    "test_the_live_system_and_the_recovered_one_share_the_same_fundings",
    "test_the_order_and_repetition_of_bills_and_lives_change_nothing",
    "test_the_plan_is_the_same_in_every_process",
    "test_the_python_examples_of_the_readme_run",
    "test_two_states_have_one_digest_exactly_when_they_are_equal",
    "test_whichever_executions_the_books_missed_every_cent_is_explained",
    "test_who_waits_at_a_terminal_sees_how_far_it_is",
    "test_wrong_sums_are_thrown_away_or_named",
)
LONGEST_SECONDS = 900
LONGEST_TESTS = (  # more than ten seconds of a processor
    "test_a_bot_that_is_killed_anywhere_loses_no_order_and_sends_none_twice",
    "test_a_walk_leads_where_the_page_says",
    "test_bounds_what_is_hostile_costs_little_memory",
    "test_every_kind_is_detected_and_nothing_is_corrected_wrongly",
    "test_from_an_empty_directory_and_the_front_page_alone",
    "test_hosts_graphs_state_and_journal_on_another_python",
    "test_kill_before_every_operation",
    "test_sweep_attach",
    "test_sweep_errors_at_every_operation",
    "test_sweep_fsync_sampled",
    "test_sweep_interrupt",
    "test_sweep_kills",
    "test_sweep_power_sampled",
    "test_the_run_says_what_the_example_says",
    "test_twenty_thousand_requests_each_get_an_answer_in_the_shape_of_okx",
    "test_twenty_thousand_requests_on_control_and_api_are_done_or_refused",
)


SLOW_FILES = (  # one thing in hundreds of places; random histories, twenty thousand requests;
    # programs of others, guides as printed, whole programs once for each exit code
    "test_*cli_signals.py",
    "test_attach_exchange.py",
    "test_attach_pythons.py",
    "test_bench_run.py",
    "test_bench_sizes.py",
    "test_bench_turns.py",
    "test_chaos_bot.py",
    "test_chaos_demo.py",
    "test_chaos_detect.py",
    "test_chaos_detect_hosts.py",
    "test_chaos_outage.py",
    "test_chaos_plugin.py",
    "test_chaos_positions_unread.py",
    "test_chaos_saboteurs.py",
    "test_chaos_sweeps_*.py",
    "test_chaos_ways_out.py",
    "test_cli_exits.py",
    "test_cli_plan_files.py",
    "test_examples.py",
    "test_exchange_faults.py",
    "test_fakeokx_fuzz*.py",
    "test_fakeokx_server_control.py",
    "test_fakeokx_server_runner.py",
    "test_journal_records.py",
    "test_newcomer.py",
    "test_okx_sandbox*.py",
    "test_pages_in_a_browser.py",
    "test_readme.py",
    "test_reconcile_properties.py",
    "test_recovery_beside.py",
    "test_recovery_damage.py",
    "test_recovery_kill.py",
    "test_recovery_memory.py",
    "test_recovery_power.py",
    "test_recovery_repair.py",
    "test_report_seed_example.py",
    "test_session_forks.py",
    "test_storage_retention.py",
    "test_store_bounds.py",
    "test_store_strangers.py",
    "test_typed_surface.py",
    "test_versions.py",
    "test_walks.py",
    "test_wrapping_*.py",
)
SCENARIOS, MOSTLY = "test_scenarios.py", "-net-warm]"  # the other modes and openings are slow


def is_quick(name: str) -> bool:
    """Whether a file of tests, by its name, belongs to the quick tier."""
    return any(fnmatch(name, each) for each in QUICK_FILES) and not any(
        fnmatch(name, each) for each in SLOWER_FILES
    )


def is_slow(name: str, test: str) -> bool:
    """Whether a test, by its file's name and its own, is left out where nobody asks for it."""
    return any(fnmatch(name, each) for each in SLOW_FILES) or (
        name == SCENARIOS and not test.endswith(MOSTLY)
    )


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a script's job in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)  # what is started here hears it
    if not hasattr(config.option, LEAVES_OUT):  # a worker has it from whoever started it
        option = config.option
        setattr(option, LEAVES_OUT, not (option.file_or_dir or option.keyword or option.markexpr))
    if not asked_for(str(config.getoption("markexpr") or "")):
        for name in KEYS:
            os.environ.pop(name, None)
    if sys.dont_write_bytecode and hasattr(config, "cache"):
        bytecode = config.cache.mkdir("bytecode")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(bytecode)  # of the workers and of what they start
        config.add_cleanup(lambda: _forget(bytecode, Path(tempfile.gettempdir())))


def pytest_report_header(config: pytest.Config) -> str:
    return "slow tests are left out: pytest -m slow" if _leaves_out(config) else ""


def _forget(bytecode: Path, place: Path) -> None:
    """What was compiled of copies of the tree that tests have made."""
    shutil.rmtree(bytecode / place.relative_to(place.anchor), ignore_errors=True)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Under ``-m quick``, files whose tests would all be deselected are not imported."""
    if _only_quick(config) and fnmatch(collection_path.name, "test_*.py"):
        return None if is_quick(collection_path.name) else True
    return None


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> Generator[None, int, int]:
    cores = yield
    is_asked = "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ or _only_quick(config)
    return cores if is_asked else 2 * cores


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    for item in items:
        if is_quick(item.path.name) and _name(item) not in SLOWER_TESTS:
            item.add_marker(QUICK)
        if is_slow(item.path.name, item.name):
            item.add_marker(SLOW)
        if _name(item) in LONGEST_TESTS:  # where many share the processor it takes a while
            item.add_marker(pytest.mark.timeout(LONGEST_SECONDS))
    if _leaves_out(config):
        slow = [item for item in items if item.get_closest_marker(SLOW)]
        items[:] = [item for item in items if not item.get_closest_marker(SLOW)]
        config.hook.pytest_deselected(items=slow)
    yield
    if workers := int(getattr(config, "workerinput", {}).get("workercount", 0)):
        items[:] = longest_first(items, workers, lambda item: _name(item) in LONGEST_TESTS)


def longest_first(items: Sequence[T], workers: int, is_long: Callable[[T], bool]) -> list[T]:
    """In an order in which each worker's share, as xdist deals them out, begins with long ones."""
    long, rest = [each for each in items if is_long(each)], [x for x in items if not is_long(x)]
    found: list[T] = []
    for worker in range(workers):
        until = len(items) * (worker + 1) // workers
        found += long[worker::workers]
        room = max(0, until - len(found))
        found += rest[:room]
        del rest[:room]
    return found + rest


def _name(item: pytest.Item) -> str:
    return str(getattr(item, "originalname", item.name))


def _leaves_out(config: pytest.Config) -> bool:
    return bool(getattr(config.option, LEAVES_OUT))


def _only_quick(config: pytest.Config) -> bool:
    return str(config.getoption("markexpr") or "").strip() == QUICK


@pytest.fixture(scope="module", autouse=True)
def _warm(request: pytest.FixtureRequest) -> Iterator[None]:
    warm(on=request.path.name not in COLD)
    yield
    warm(on=False)


def asked_for(expression: str) -> bool:
    """Whether it selects what has the marker, and that because of the marker."""
    if not expression.strip():
        return False
    found = Expression.compile(expression)
    return found.evaluate(lambda name, **_: name == MARKER) and not found.evaluate(
        lambda _, **__: False
    )
