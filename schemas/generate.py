"""Generates the JSON Schema files in schemas/json/: `python -m schemas.generate`. A test compares them with the
models."""

import json
from pathlib import Path
from typing import Final

from schemas.agency import Agency
from schemas.docket import Docket
from schemas.document import Document
from schemas.status import Status
from schemas.values import Value

MODELS: Final[tuple[type[Value], ...]] = (Agency, Docket, Document, Status)
FOLDER: Final = Path(__file__).parent / "json"


def file_name(model: type[Value]) -> str:
    return f"{model.__name__.lower()}.schema.json"


def json_schema(model: type[Value]) -> str:
    """Returns the schema of the JSON that travels; a field that the JSON leaves out (an attachment's bytes) is not in
    it."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:lienthong:1:{model.__name__.lower()}",
        **model.model_json_schema(mode="serialization"),
    }
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def write(folder: Path = FOLDER) -> None:
    for model in MODELS:
        (folder / file_name(model)).write_text(json_schema(model), encoding="utf-8")


if __name__ == "__main__":  # pragma: no cover — a test calls `write`
    write()
