"""The adapter that a configuration names, made with its options."""

import importlib

from bus.errors import BadConfig, quoted, said
from bus.ports.adapter import Adapter
from bus.wiring.config import AdapterConfig
from bus.wiring.installed import ADAPTERS, target


def make_adapter(config: AdapterConfig, *, name: str, to_check: bool = False) -> Adapter:
    """The class that the TOML names, made with its options. Raises BadConfig in words."""
    kind = adapter_class(config, name=name)
    if to_check:
        return kind.made_to_check(config.options)
    adapter: Adapter = kind(config.options)  # type: ignore[call-arg] # every adapter is made with its options
    return adapter


def adapter_class(config: AdapterConfig, *, name: str) -> type[Adapter]:
    """Raises BadConfig in words."""
    module, _, attribute = target(config.use, group=ADAPTERS, file=name, field="adapter.use").partition(":")
    try:
        kind = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as exc:
        raise BadConfig(
            file=name,
            why=said(
                "adapter.use: không nạp được {use} ({cause})",
                "adapter.use: {use} cannot be loaded ({cause})",
                use=config.use,
                cause=quoted(str(exc)),
            ),
        ) from exc
    if not (isinstance(kind, type) and issubclass(kind, Adapter)):
        raise BadConfig(
            file=name,
            why=said(
                "adapter.use: {use} không phải bus.ports.Adapter",
                "adapter.use: {use} is no bus.ports.Adapter",
                use=config.use,
            ),
        )
    return kind
