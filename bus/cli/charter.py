"""`lienthong directory charter`, `lienthong directory cosign`: who signs the directory by the root's word, and how
several sign one edition, each where his key is."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import click
from pydantic import ValidationError

from bus.cli.editions import cert_option, file, header_fields, judged, key_option, loaded, root_option
from bus.cli.output import emit, emit_fields
from bus.directory.charter import Terms, read_charter, sign_charter, signer_id
from bus.directory.edition import MAX_SKEW, cosign
from bus.files.authority_keys import open_authority
from bus.files.edition import load_roots, save_edition
from bus.files.keys import load_signer
from bus.files.private import write_public
from bus.trust.authority import issue
from bus.trust.certificates import Certificate, Purpose
from bus.trust.keys import Signer, SigningKey

CEREMONY: Final = timedelta(days=1)
"""How long the certificate counts that signs one charter; its key is gone when the command ends."""


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@root_option
@click.option("--root-key", type=file, help="The root's private key (PEM): on a machine that no network reaches.")
@click.option("--key", type=file, help="Instead of --root-key: a key for charters …")
@click.option("--cert", type=file, help="… and the certificate that the root itself issued for it (PEM).")
@click.option("--signer", "signers", multiple=True, required=True, type=file, help="A signer's certificate (PEM).")
@click.option("--threshold", default=1, show_default=True, type=click.IntRange(1, 32), help="How many must sign.")
@click.option("--withdraw", "withdrawn", multiple=True, type=file, help="Certificate of a signer that was stolen.")
@click.option("--last", type=click.IntRange(0), help="With --withdraw: the last edition of theirs that counts.")
@click.option("--allow-signature", "signatures", multiple=True, help="A signature algorithm that messages may use.")
@click.option("--allow-seal", "seals", multiple=True, help="A way of wrapping keys that messages may use.")
@click.option("--serial", type=click.IntRange(1), help="Must go up with each charter.  [default: the time]")
def charter(
    out: Path,
    root: Path,
    root_key: Path | None,
    key: Path | None,
    cert: Path | None,
    signers: tuple[Path, ...],
    threshold: int,
    withdrawn: tuple[Path, ...],
    last: int | None,
    signatures: tuple[str, ...],
    seals: tuple[str, ...],
    serial: int | None,
) -> None:
    """Say by the root who signs the directory, and how many must. Gốc định ai ký danh mục, cần mấy người.

    Offline: take the signers' certificates to the machine with the root's key, run this there, and bring the charter
    back. Then `directory sign … --charter OUT`; daemons remember it from then on.

    Ngoại tuyến: mang chứng thư người ký đến máy giữ khóa gốc, chạy lệnh này, mang tệp điều lệ về.

    A signer was stolen, or the numbers were driven up: --withdraw its certificate, --last the number of the last good
    edition. Who holds a later one of that signer goes back, to the edition that comes with it.

    Khóa ký bị lộ: --withdraw chứng thư ấy, --last số bản cuối cùng còn đúng.

    Daemons of earlier versions do not read editions with a charter: they keep the edition they have.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    terms = _terms(
        serial=serial or int(now.timestamp()),
        issued_at=now,
        threshold=threshold,
        signers=_signers_in(signers),
        withdrawn=_signers_in(withdrawn),
        last=last,
        allows={"signatures": signatures, "seals": seals} if signatures or seals else None,
    )
    signer, chain = _ceremony(root, root_key, key, cert, now)
    encoded = sign_charter(terms, signer=signer, chain=chain)
    read_charter(encoded, roots=load_roots(root), now=now, skew=MAX_SKEW)  # as every daemon will judge it
    write_public(out, encoded)
    _say(out, terms)


@click.command("cosign")
@click.argument("edition", type=file)
@key_option
@cert_option
@root_option
@click.option("--previous", type=file, help="The edition before, as you hold it: this one must follow it.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The edition with your signature, too.")
def cosign_(edition: Path, key: Path, cert: Path, root: Path, previous: Path | None, out: Path) -> None:
    """Sign an edition as one more signer. Ký thêm vào một bản danh mục.

    Offline: the first signer runs `directory sign`, and hands the file on; each further one checks it on his own
    machine (`directory show`, `directory diff`), cosigns, hands it on. The last one has it published.

    Ngoại tuyến: người đầu `directory sign`, chuyển tệp; mỗi người sau tự xem, ký thêm, chuyển tiếp.

    It is judged first as a daemon would, beside the edition before; only missing signatures are no obstacle.
    """
    before = loaded(previous, root) if previous else None
    judged(before, edition.read_bytes(), root)
    encoded = cosign(edition.read_bytes(), signer=load_signer(key), chain=Certificate.from_pem(cert.read_bytes()))
    found, missing = judged(before, encoded, root)
    save_edition(out, encoded)
    if found is None:
        emit(f"Chưa đủ chữ ký. Not signed by enough yet: {missing}", err=True)
    else:
        emit_fields({"bản danh mục / edition": out, **header_fields(found)})


def _say(out: Path, terms: Terms) -> None:
    emit_fields(
        {
            "điều lệ / charter": out,
            "số / serial": terms.serial,
            "người ký / signers": ", ".join(f"{each[:16]}…" for each in terms.signers),
            "cần mấy người ký / threshold": terms.threshold,
            "bị rút / withdrawn": ", ".join(f"{each[:16]}…" for each in terms.withdrawn) or "–",
            "bản cuối còn đúng / last": "–" if terms.last is None else terms.last,
        }
    )


def _terms(**said: object) -> Terms:
    try:
        return Terms.model_validate(said)
    except ValidationError as exc:
        raise click.UsageError(str(exc.errors()[0]["msg"])) from exc


def _signers_in(paths: Sequence[Path]) -> tuple[str, ...]:
    """Each key once."""
    return tuple(dict.fromkeys(signer_id(Certificate.from_pem(path.read_bytes())[0]) for path in paths))


def _ceremony(
    root: Path, root_key: Path | None, key: Path | None, cert: Path | None, now: datetime
) -> tuple[Signer, tuple[Certificate, ...]]:
    """Who signs the charter: a key made for this one, certified by the root; or one that the root certified before."""
    if key is not None and cert is not None and root_key is None:
        return load_signer(key), Certificate.from_pem(cert.read_bytes())[:1]
    if root_key is None or key is not None or cert is not None:
        raise click.UsageError("--root-key, or --key and --cert / một trong hai")
    authority = open_authority(root, root_key)
    made = SigningKey.generate()
    certificate = issue(authority, made.public, name="charter", purpose=Purpose.CHARTER, at=now, lasts=CEREMONY)
    return made, (certificate,)
