"""What a daemon's TOML names, made: its link's settings and its adapter."""

import importlib
from functools import partial
from pathlib import Path

from bus.config import AdapterConfig, Config
from bus.errors import BadConfig
from bus.files.keys import read_secret, tls_files
from bus.ports import Adapter
from bus.rabbit.link import LinkSettings, Tls


def link_settings(config: Config) -> LinkSettings:
    broker = config.broker
    return LinkSettings(
        mailbox=config.mailbox,
        url=broker.urls,
        password=read_secret(Path(broker.password_file)) if broker.password_file else None,
        tls=_tls(config),
        heartbeat=broker.heartbeat,
        window=broker.window,
        prefetch=broker.prefetch,
    )


def _tls(config: Config) -> Tls | None:
    """Raises BadConfig where a file cannot be read: at start, not at each attempt to connect."""
    broker = config.broker
    cafile, certfile, keyfile = (
        Path(file) if file else None for file in (broker.cafile, broker.certfile, broker.keyfile)
    )
    if not broker.is_encrypted:
        return None
    if cafile is None and config.trust is not None:
        cafile = Path(config.trust.root)
    keys = Path(config.keys) if certfile is None and config.trust is not None else None
    if cafile is None and certfile is None and keys is None:
        return None
    tls = Tls(cafile=cafile, certfile=certfile, keyfile=keyfile, newest=partial(tls_files, keys) if keys else None)
    tls.context()
    return tls


def make_adapter(config: AdapterConfig, *, name: str) -> Adapter:
    """The class that the TOML names, made with its options. Raises BadConfig in words."""
    kind = adapter_class(config, name=name)
    adapter: Adapter = kind(config.options)  # type: ignore[call-arg] # every adapter is made with its options
    return adapter


def adapter_class(config: AdapterConfig, *, name: str) -> type[Adapter]:
    """Raises BadConfig in words."""
    module, _, attribute = config.use.partition(":")
    try:
        kind = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as exc:
        raise BadConfig(file=name, why=f"adapter.use: {config.use} cannot be loaded ({exc})") from exc
    if not (isinstance(kind, type) and issubclass(kind, Adapter)):
        raise BadConfig(file=name, why=f"adapter.use: {config.use} is no bus.ports.Adapter")
    return kind
