"""How long a country's directory takes to load and to ask: 125,000 units. `python -m tests.bench.bench_directory`"""

import json
import sys
import time
from datetime import date

from bus.directory import Directory

UNITS = 125_000


def main() -> None:
    units = (f"H{n % 63 + 1:02d}.{n} | 1.{n} | Đơn vị {n}" for n in range(UNITS))
    level_1 = (f"H{n:02d} | | Tỉnh {n}" for n in range(1, 64))
    text = "\n".join(["units = '''", "code|aliases|vi", *level_1, *units, "'''", '[[mailbox]]\ncode = "H01"'])
    started = time.perf_counter()
    directory = Directory.parse({"units.toml": text}, on=date(2026, 11, 1))
    loaded = time.perf_counter()
    asked = [f"H01.{n}" for n in range(0, UNITS, 63)]
    for code in asked:
        directory.resolve(code)
    cold = time.perf_counter()
    for code in asked:
        directory.resolve(code)
    warm = time.perf_counter()
    figures = {
        "units": UNITS,
        "load_s": loaded - started,
        "resolve_cold_us": (cold - loaded) / len(asked) * 1e6,
        "resolve_warm_us": (warm - cold) / len(asked) * 1e6,
    }
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps(figures) + "\n")
    else:
        sys.stdout.write("".join(f"{name:>18}  {value:,.2f}\n" for name, value in figures.items()))


if __name__ == "__main__":
    main()
