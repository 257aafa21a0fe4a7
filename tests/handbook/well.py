"""Exit code 0 once the process of a TOML answers /healthz with 200: at its section [http], or [api] of a console."""

import sys
import tomllib
from pathlib import Path

import httpx

if __name__ == "__main__":
    section = sys.argv[2]
    listen = tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))[section]["listen"]
    try:
        answer = httpx.get(f"http://{listen}/healthz", timeout=5, trust_env=False)
    except httpx.HTTPError:
        sys.exit(1)
    sys.exit(answer.status_code != httpx.codes.OK)
