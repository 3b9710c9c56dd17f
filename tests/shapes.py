"""Trees of JSON, more or less like one."""

from __future__ import annotations

from typing import Any

from answers import JUNK
from hypothesis import strategies as st

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=())),
    st.sampled_from([junk for junk in JUNK if not isinstance(junk, list | dict)]),
    st.datetimes().map(str),
    st.from_regex(r"\A\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(Z|\+\d\d:\d\d)?\Z"),
)
JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def shaped(tree: Any) -> st.SearchStrategy[Any]:
    """Trees that are more or less like one."""
    if isinstance(tree, dict):
        fields = st.fixed_dictionaries({}, optional={name: shaped(branch) for name, branch in tree.items()})
        return fields | JSON
    if isinstance(tree, list):
        return st.lists(shaped(tree[0]), max_size=3) | JSON if tree else JSON
    return st.just(tree) | SCALARS
