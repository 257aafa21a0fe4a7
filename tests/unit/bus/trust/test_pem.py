"""Our own parts of a PEM text."""

import pytest

from bus.trust.pem import armoured, unarmoured


def test_it_comes_back() -> None:
    """Every part with the label, in order; other parts are passed over."""
    text = armoured("A", b"one" * 40) + b"\xff\n" + armoured("B", b"two") + armoured("A", b"")
    assert unarmoured("A", text) == (b"one" * 40, b"")
    assert unarmoured("C", text) == ()
    assert max(map(len, text.split(b"\n"))) == 64


def test_what_is_not_base64_is_said() -> None:
    """With the label of the part."""
    with pytest.raises(ValueError, match="A: not base64"):
        unarmoured("A", b"-----BEGIN A-----\n!\n-----END A-----\n")
