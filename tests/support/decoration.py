"""Strategies for the bytes of what is beside status, labels and times, right and wrong."""

import json

from hypothesis import strategies as st

# Literals of JSON, right and wrong: whatever they say, the alert beside them must survive.
TEXTS = st.text(st.characters(exclude_categories=[]), max_size=6).map(json.dumps).map(str.encode)
CRUDE_TEXTS = st.binary(max_size=6).map(
    lambda text: b'"%b"' % text.replace(b'"', b"").rstrip(b"\\")
)
LONG_TEXTS = st.builds(
    lambda piece, times: b'"%b"' % (piece * times),
    st.sampled_from([b"x", b"\xe9", b"\\u0000", b"\\ud83d", "\N{FIRE}".encode(), rb"\\", rb"\x"]),
    st.sampled_from([300, 70_000]),
)
NUMBERS = st.sampled_from(
    [b"0", b"-0", b"1E5", b"1e400", b"1.50", b"9" * 30, b"9" * 5000, b"NaN", b"-Infinity"]
) | st.floats().map(json.dumps).map(str.encode)
SCALARS = st.sampled_from([b"null", b"true", b"false"]) | NUMBERS | TEXTS | CRUDE_TEXTS | LONG_TEXTS


def objects(values: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Return objects, with equal keys as they come."""
    member = st.builds(b"%b:%b".__mod__, st.tuples(TEXTS | CRUDE_TEXTS, values))
    return st.lists(member, max_size=4).map(lambda members: b"{%b}" % b",".join(members))


ANYTHING = st.recursive(
    SCALARS | st.sampled_from([b"[" * 300 + b"]" * 300, b"{}"]),
    lambda inner: (
        objects(inner) | st.lists(inner, max_size=3).map(lambda x: b"[%b]" % b",".join(x))
    ),
    max_leaves=6,
)
MANY = st.just(b"{%b}" % b",".join(b'"a%d":"x"' % number for number in range(400)))
DECORATIONS = st.lists(
    st.tuples(st.just(b"annotations"), objects(ANYTHING) | MANY | ANYTHING)
    | st.tuples(st.just(b"endsAt"), st.sampled_from([b'""', b"null"]))
    | st.tuples(
        st.sampled_from([b"generatorURL", b"panelURL", b"values", rb"\u0061", b"\xff"]), ANYTHING
    ),
    max_size=4,
)
ENVELOPES = st.lists(
    st.tuples(
        st.sampled_from([b"version", b"groupKey", b"receiver", b"truncatedAlerts", b"externalURL"]),
        ANYTHING,
    ),
    max_size=3,
)


def members(*pairs: tuple[bytes, bytes]) -> bytes:
    return b"{%b}" % b",\n".join(b'"%b": %b' % pair for pair in pairs)
