"""What `lienthong adapter conform` tries: the adapter of a TOML, and the site that goes with it. Of the TOML only
[adapter] and [conform] are read, so that a vendor needs no mailbox."""

import hashlib
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from adapters.conform.alive import TIMEOUT
from adapters.conform.site import Site
from adapters.conform.suite import Setup
from bus.errors import BadConfig, quoted, said
from bus.wiring.adapter import adapter_class, make_adapter
from bus.wiring.config import AdapterConfig, data_of, parsed
from bus.wiring.installed import ADAPTERS, SITES, names, package, target

NO_SITE = said(
    "[conform] site: chưa có. Viết một lớp Site (adapters/README.md); hoặc, nếu đây là hệ thống thử nghiệm, ghi "
    "[conform] test_system = true: khi đó văn bản thử sẽ vào sổ ở đó, và chỉ thử được phần không cần Site",
    "[conform] site: missing. Write a Site (adapters/README.md); or, if this is a test system, say [conform] "
    "test_system = true: test documents are then filed in it, and only what needs no Site is tried",
)


class ConformConfig(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    site: Annotated[str, Field(pattern=r"^[\w.]+:\w+$|^\w[\w-]*$")] | None = None
    """module:Class of the Site, or the name under which it is installed; that of the adapter where absent."""
    test_system: bool = False
    """True: without a Site, too, documents may be filed in this document system."""
    system: str = ""
    """Name and version of the document system, for the report."""


class _Toml(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    adapter: AdapterConfig
    conform: ConformConfig = ConformConfig()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What is tried, for the report."""

    config: str
    digest: str
    """SHA-256 of the TOML."""
    adapter: str
    package: str | None
    """Name and version of the installed package that brings the adapter."""
    site: str | None
    system: str


def load(path: Path, *, seed: int, kills: int, timeout: float = TIMEOUT) -> tuple[Tried, Setup]:
    """Raises BadConfig in words. Makes nothing yet."""
    data = data_of(path)
    toml = parsed(_Toml, data, name=str(path))
    kind = adapter_class(toml.adapter, name=str(path))
    site = _site(toml, file=str(path))
    where = f"{kind.__module__}:{kind.__qualname__}"
    tried = Tried(
        config=str(path),
        digest=hashlib.sha256(data).hexdigest(),
        adapter=where,
        package=package(target(toml.adapter.use, group=ADAPTERS, file=str(path), field="adapter.use"), group=ADAPTERS),
        site=None if site is None else f"{site.__module__}:{site.__qualname__}",
        system=toml.conform.system,
    )
    made = partial(make_adapter, toml.adapter, name=str(path))
    fresh = site and _made(site, toml.adapter.options)
    return tried, Setup(make=made, site=fresh, seed=seed, kills=kills, timeout=timeout)


def _site(toml: _Toml, *, file: str) -> type[Site] | None:
    use = toml.conform.site
    if use is None and toml.adapter.use in names(SITES):
        use = toml.adapter.use
    if use is None:
        if not toml.conform.test_system:
            raise BadConfig(file=file, why=NO_SITE)
        return None
    module, _, attribute = target(use, group=SITES, file=file, field="conform.site").partition(":")
    try:
        found: Any = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as exc:
        why = said(
            "conform.site: không nạp được {use} ({cause})",
            "conform.site: {use} cannot be loaded ({cause})",
            use=use,
            cause=quoted(exc),
        )
        raise BadConfig(file=file, why=why) from exc
    if not (isinstance(found, type) and issubclass(found, Site)):
        why = said(
            "conform.site: {use} không phải adapters.conform.Site",
            "conform.site: {use} is no adapters.conform.Site",
            use=use,
        )
        raise BadConfig(file=file, why=why)
    if missing := ", ".join(sorted(found.__abstractmethods__)):
        why = said(
            "conform.site: {use} chưa có {missing}",
            "conform.site: {use} lacks {missing}",
            use=use,
            missing=missing,
        )
        raise BadConfig(file=file, why=why)
    return found


def _made(kind: type[Site], options: Mapping[str, object]) -> Callable[[Path], Site]:
    return lambda folder: kind(options, folder)
