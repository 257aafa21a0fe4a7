"""What is compared of an item: every field of it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from adapters.conform.samples import a_document, a_status, essence, essences
from adapters.conform.whole import FREE, Whole, apart, differences, whole
from schemas.codes import BusinessType
from schemas.document import Business, Document
from schemas.status import Status


def fields_of(item: object) -> Mapping[str, Any]:
    found = whole(item)
    assert isinstance(found, Whole)
    return found.fields


def named(one: object, other: object) -> list[str]:
    return [field for field, _, _ in differences(fields_of(one), fields_of(other))]


@pytest.mark.parametrize("field", sorted(set(Document.model_fields) - {"attachments", "recipients"}))
def test_a_field_that_is_dropped_is_named(field: str) -> None:
    """Every one of a document: so samples have them all set."""
    document = a_document()
    default = Document.model_fields[field].get_default()
    assert getattr(document, field) not in (None, ()) or field == "priority"
    value = "7" if Document.model_fields[field].is_required() or field == "priority" else default
    found = named(document.model_copy(update={field: value}), document)
    assert found
    assert all(each.partition(".")[0] == field for each in found)


@pytest.mark.parametrize("field", sorted(set(Status.model_fields) - {"concerns"}))
def test_a_field_of_a_status_that_is_dropped_is_named(field: str) -> None:
    """The same; a code that is none is compared, too."""
    found = named(a_status(), a_status().model_copy(update={field: "7"}))
    assert field in {each.partition(".")[0] for each in found}


@pytest.mark.parametrize("field", sorted(set(Business.model_fields) - {"type"}))
def test_a_sample_of_one_kind_has_what_that_kind_is_about(field: str) -> None:
    """Which document, what changes, what is replaced, why, by whom."""
    assert any(getattr(a_document(business=kind).business, field) not in (None, ()) for kind in BusinessType)


def test_what_a_document_system_is_free_about() -> None:
    """It is listed with its reason; the same moment in another zone is the same moment."""
    document = a_document()
    other = document.attachments[0].model_copy(update={"content_id": "another"})
    assert named(document.model_copy(update={"attachments": (other,)}), document) == []
    assert set(FREE) == {"attachments.content_id", "attachments.content", "attachments.source"}
    status = a_status().model_copy(update={"at": datetime(2026, 1, 6, 2, 30, tzinfo=UTC)})
    there = status.model_copy(update={"at": status.at.astimezone(timezone(timedelta(hours=7)))})
    assert named(status, there) == []


def test_the_bytes_count() -> None:
    """Not what is said of them."""
    document = a_document()
    other = document.attachments[0].model_copy(update={"content": b"another"})
    assert named(document.model_copy(update={"attachments": (other,)}), document) == ["attachments[1].bytes"]


def test_which_items_there_are_is_no_difference_of_fields() -> None:
    """One too few, another one, and what is no item at all."""
    first, second = a_document(), a_document()
    assert apart([essence(first)], essences([first, second])) is None
    assert apart([essence(first)], [essence(second)]) is None
    assert apart([1], [2]) is None
    assert apart([essence(first)], [essence(first)]) == ([], [], [])
