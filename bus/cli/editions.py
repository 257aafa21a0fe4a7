"""How commands read and show editions of the directory: the signer's key, what an edition says of itself."""

from datetime import UTC, datetime
from pathlib import Path

import click

from bus.cli.output import text
from bus.directory.charter import Charter, read_charter
from bus.directory.edition import MAX_SKEW, Edition, accept, load
from bus.directory.header import Rule, rule_of
from bus.errors import BadEdition
from bus.files.edition import load_edition, load_roots

file = click.Path(exists=True, dir_okay=False, path_type=Path)
root_option = click.option(
    "--root", required=True, type=file, envvar="LIENTHONG_ROOT", show_envvar=True, help="PEM of the trusted roots."
)
key_option = click.option("--key", required=True, type=file, help="The signer's private key (PEM, or a .token file).")
cert_option = click.option("--cert", required=True, type=file, help="Its certificate and those above it (PEM).")


def loaded(path: Path, root: Path) -> Edition:
    """Raises BadEdition and BadConfig."""
    found = load_edition(path, roots=load_roots(root), now=datetime.now(UTC))
    assert found is not None, "click has looked whether the file is there"
    return found


def loaded_in_part(path: Path, root: Path) -> Edition:
    """As `loaded`, also while it is on its way from signer to signer."""
    return load(path.read_bytes(), roots=load_roots(root), now=datetime.now(UTC), complete=False)


def loaded_charter(path: Path, root: Path) -> Charter:
    """Raises BadEdition and BadConfig."""
    return read_charter(path.read_bytes(), roots=load_roots(root), now=datetime.now(UTC), skew=MAX_SKEW)


def judged(before: Edition | None, encoded: bytes, root: Path) -> tuple[Edition | None, str | None]:
    """As every daemon will judge it. Where only signatures are missing that the charter wants, None and that reason.
    Raises BadEdition for everything else."""
    try:
        return accept(before, encoded, roots=load_roots(root), now=datetime.now(UTC)), None
    except BadEdition as error:
        if rule_of(error) is not Rule.SIGNERS:
            raise
        return None, str(error.facts["why"])


def header_fields(edition: Edition) -> dict[str, object]:
    header, terms = edition.header, edition.charter.terms if edition.charter else None
    signers = ", ".join(f"{each.name} ({each.fingerprint[:16]}…)" for each in edition.signers)
    return {
        "số / version": header.version,
        "phát hành / issued": header.issued_at,
        "hết hạn / expires": header.expires_at,
        "người ký / signers": signers,
        "cần mấy người ký / threshold": f"{terms.threshold} / {len(terms.signers)}" if terms else "1",
        **({"điều lệ / charter": f"{terms.serial}, {text(terms.issued_at)}"} if terms else {}),
        "SHA-256": header.sha256,
    }


def list_fields(edition: Edition) -> dict[str, object]:
    """Each revocation list by its issuer: number, made, ends, entries."""
    return {
        f"thu hồi / revocations, {issuer.name}": (
            f"{each.number}, {text(each.since)} → {text(each.until) or '–'}, {len(each.parsed)}"
        )
        for issuer, each in edition.trust_store.lists_by_issuer().items()
    }


def edition_json(edition: Edition) -> dict[str, object]:
    terms = edition.charter.terms if edition.charter else None
    return edition.header.model_dump() | {
        "signer": edition.signer.name,
        "signers": [{"name": each.name, "key": each.key_fingerprint} for each in edition.signers],
        "threshold": terms.threshold if terms else 1,
        "charter": terms.model_dump(mode="json", exclude_defaults=True) if terms else None,
        "lists": [
            {"issuer": issuer.name, "number": each.number, "since": each.since, "until": each.until}
            for issuer, each in edition.trust_store.lists_by_issuer().items()
        ],
    }
