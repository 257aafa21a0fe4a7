"""The conformance suite of adapters, shipped: `lienthong adapter conform`. How to use it: adapters/README.md.

A vendor's harness imports `Site` from here; nothing else is promised."""

from adapters.conform.site import Site

__all__ = ["Site"]
