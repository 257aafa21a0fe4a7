"""Pages and bounded counts."""

from bus.ledger.queries.paging import Amount, Cursor, Page, amount, page
from bus.ledger.records import DocumentNumber


def _cursor(number: int) -> Cursor:
    return Cursor(None, DocumentNumber(number), "")


def test_a_page() -> None:
    """Its cursor is that of the last row shown; the last page has none, be it full."""
    assert page([1, 2, 3], limit=2, cursor=_cursor) == Page([1, 2], _cursor(2))
    assert page([1, 2], limit=2, cursor=_cursor) == Page([1, 2], None)
    assert page([], limit=2, cursor=_cursor) == Page([], None)


def test_an_amount() -> None:
    """Exact up to a thousand."""
    assert amount(1000) == Amount(1000, more=False)
    assert amount(1001) == Amount(1000, more=True)
