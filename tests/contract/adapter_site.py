"""What tests of adapters send and file: the samples of the suite."""

from adapters.conform.samples import (
    a_document,
    a_filing,
    a_message,
    a_report,
    a_status,
    accepted,
    collected_all,
    essence,
    ids,
    raised,
)
from adapters.conform.site import MIB, Site

__all__ = [
    "MIB",
    "Site",
    "a_document",
    "a_filing",
    "a_message",
    "a_report",
    "a_status",
    "accepted",
    "collected_all",
    "essence",
    "ids",
    "raised",
]
