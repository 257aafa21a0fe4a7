"""Exit code 0 once the process of a TOML answers: /healthz of its section [http] with 200, or [api] at all."""

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
    sys.exit(section == "http" and answer.status_code != httpx.codes.OK)
