"""The console's TLS: its files, as a ledger's TOML names them, and the context made of them. No server is imported
here: every command over a ledger reads that TOML."""

import ssl
from dataclasses import dataclass

from bus.errors import BadConfig, of_system, said


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """PEM files."""

    certfile: str
    keyfile: str | None
    client_cafile: str | None
    """Who vouches for client certificates; None: none is asked for."""


def context_of(tls: Tls) -> ssl.SSLContext:
    """TLS 1.2 and later. Raises BadConfig, naming the file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    file = tls.certfile
    try:
        context.load_cert_chain(tls.certfile, tls.keyfile)
        if tls.client_cafile is not None:
            file = tls.client_cafile
            context.load_verify_locations(cafile=tls.client_cafile)
            context.verify_mode = ssl.CERT_OPTIONAL  # who has a key needs none
    except ssl.SSLError as exc:
        why = said("không phải chứng thư và khóa đi cùng nhau", "it is no certificate with its key (PEM)")
        raise BadConfig(file=file, why=why) from exc
    except OSError as exc:
        raise BadConfig(file=file, why=of_system(exc)) from exc
    return context
