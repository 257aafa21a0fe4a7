"""The costs of a country's signed directory: time to load and to ask, size in memory, size of a change:
125,000 units, 1,000 mailboxes with certificates and stated keys. `python -m tests.bench.bench_directory [--json]`"""

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bus.directory.edition import accept, change, sign
from bus.directory.facts import Register
from bus.directory.keys import MailboxKeys
from bus.directory.sources import read
from bus.files.edition import load_edition, load_roots
from bus.trust.keys import SealingKey, SigningKey
from tests.identities import Papers

UNITS, MAILBOXES = 125_000, 1_000
NOW = datetime.now(UTC)


def _register(office: Papers, keys: dict[str, MailboxKeys], units: int) -> Register:
    lines = (f"H{n % 63 + 1:02d}.{n} | 000.{n % 99:02d}.{n}.H{n % 63 + 1:02d} | Đơn vị số {n}" for n in range(units))
    level_1 = (f"H{n:02d} | | Tỉnh {n}" for n in range(1, 64))
    boxes = (f'[[mailbox]]\ncode = "{code}"' for code in keys)
    text = "\n".join(["units = '''", "code|aliases|vi", *level_1, *lines, "'''", *boxes])
    book = read({"units.toml": text})
    book.keys.update(keys)  # type: ignore[attr-defined] # of this one the class knows
    return Register.of(book, issuers=[office.issuer.certificate.der])


def _make(folder: Path) -> dict[str, float]:
    office = Papers(NOW - timedelta(days=1))
    keys = {}
    for code in [f"H{n:02d}" for n in range(1, 64)] + [f"H{n % 63 + 1:02d}.{n}" for n in range(MAILBOXES - 63)]:
        signing, sealing = SigningKey.generate(), SealingKey.generate()
        stated = office.statement(code, sealing, signing)
        keys[code] = MailboxKeys(certificates=(office.certificate(code, signing).der,), sealing=(stated.encoded,))
    signer, chain = office.directory_signer()
    editions = []
    for version, units in ((1, UNITS), (2, UNITS + 10)):
        until = NOW + timedelta(days=60)
        register = _register(office, keys, units)
        encoded = sign(register, version=version, issued_at=NOW, expires_at=until, signer=signer, chain=chain)
        edition = accept(None, encoded, roots=office.roots, now=NOW)
        assert edition is not None
        editions.append(edition)
    small = change(*editions)
    began = time.perf_counter()
    applied = accept(editions[0], small, roots=office.roots, now=NOW)
    took = time.perf_counter() - began
    assert applied is not None
    (folder / "edition").write_bytes(editions[0].encoded)
    (folder / "root.pem").write_bytes(office.root.certificate.to_pem())
    return {"whole_bytes": len(editions[0].encoded), "ten_units_bytes": len(small), "ten_units_applied_s": took}


def _load(folder: Path) -> dict[str, float]:
    """Loads the directory in a process of its own, whose memory is that of a daemon."""
    roots = load_roots(folder / "root.pem")
    began = time.perf_counter()
    edition = load_edition(folder / "edition", roots=roots, now=NOW)
    assert edition is not None
    directory = edition.directory(NOW.date())
    loaded = time.perf_counter()
    # As a daemon does once it has loaded (bus/daemon/process.py).
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
    loaded_at = time.perf_counter()
    asked = [f"H01.{n}" for n in range(0, UNITS, 63)]
    for code in asked:
        directory.resolve(code)
    cold = time.perf_counter()
    for code in asked:
        directory.resolve(code)
    warm = time.perf_counter()
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    most, now = (int(status.partition(f"{name}:")[2].split()[0]) / 1024 for name in ("VmHWM", "VmRSS"))
    return {
        "units": UNITS,
        "load_s": loaded - began,
        "memory_mb": now,
        "memory_most_mb": most,
        "resolve_cold_us": (cold - loaded_at) / len(asked) * 1e6,
        "resolve_warm_us": (warm - cold) / len(asked) * 1e6,
    }


def measure() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        made = _make(Path(folder))
        command = [sys.executable, "-m", "tests.bench.bench_directory", "--load", folder]
        loaded: dict[str, float] = json.loads(
            subprocess.run(command, check=True, capture_output=True, text=True).stdout
        )
        return loaded | made | {"load": os.getloadavg()[0]}


def main() -> None:
    if "--load" in sys.argv:
        sys.stdout.write(json.dumps(_load(Path(sys.argv[-1]))))
        return
    figures = measure()
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps(figures) + "\n")
    else:
        sys.stdout.write("".join(f"{name:>20}  {value:,.2f}\n" for name, value in figures.items()))


if __name__ == "__main__":
    main()
