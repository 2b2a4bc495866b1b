"""The digest of a state: equal for equal states, different for any difference."""

from hypothesis import given
from hypothesis import strategies as st

from chaos.digest import Fold, whole

documents = st.dictionaries(
    st.text(max_size=5), st.dictionaries(st.text(max_size=3), st.integers()), max_size=4
)
streams = st.dictionaries(
    st.text(max_size=5), st.lists(st.fixed_dictionaries({"n": st.integers()})), max_size=3
)


@given(documents, streams)
def test_folding_change_by_change_is_the_whole_at_once(docs, rows):
    fold = Fold()
    for key, document in docs.items():
        fold.change({"put": {key: {"old": 1}}})
        fold.change({"put": {key: document}})
    for name, records in rows.items():
        for record in records:
            fold.change({"add": {name: [record]}})
    assert fold.value() == whole(docs, rows).value()


@given(documents, documents)
def test_two_states_have_one_digest_exactly_when_they_are_equal(left, right):
    same = whole(left, {}).value() == whole(right, {}).value()
    assert same == (left == right)


def test_order_within_a_stream_matters_and_a_dropped_document_leaves_no_trace():
    one, two = {"n": 1}, {"n": 2}
    assert whole({}, {"s": [one, two]}).value() != whole({}, {"s": [two, one]}).value()
    fold = whole({"a": one, "b": two}, {})
    fold.change({"del": ["b"]})
    assert fold.value() == whole({"a": one}, {}).value()
