"""schemas/generate.py and schemas/json/"""

import json
from pathlib import Path

import pytest

from schemas import generate
from schemas.values import Value


@pytest.mark.parametrize("model", generate.MODELS, ids=lambda model: model.__name__)
def test_up_to_date(model: type[Value]) -> None:
    """The JSON Schema in the repository is the models' (`python -m schemas.generate` makes it so)."""
    written = (generate.FOLDER / generate.file_name(model)).read_text(encoding="utf-8")
    assert json.loads(written) == json.loads(generate.json_schema(model))


def test_no_others(tmp_path: Path) -> None:
    """Every file there comes from a model."""
    generate.write(tmp_path)
    assert {path.name for path in generate.FOLDER.iterdir()} == {path.name for path in tmp_path.iterdir()}


def test_no_attachment_bytes() -> None:
    """The schema of a document knows no place for an attachment's bytes (schemas §5.2)."""
    schema = json.loads(generate.json_schema(generate.MODELS[2]))
    assert "content" not in schema["$defs"]["Attachment"]["properties"]
