"""Large files that take no memory: those of the suite for adapters."""

from adapters.conform.sources import Generated, large, lying

__all__ = ["Generated", "large", "lying"]
