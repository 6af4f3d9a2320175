"""Settings by the environment variables that set them, with types and defaults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import AliasChoices, BaseModel

from alive402.settings import Settings
from tests.wire.normalise import PROSE

PREFIX = "ALIVE402_"


def variables() -> dict[str, Any]:
    """JSON Schema of each setting by its environment variable; a nested group adds its fields under the same prefix."""
    return dict(sorted(_of(Settings)))


def _of(model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    document = model.model_json_schema(by_alias=False)
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _of(field.annotation)
            continue
        alias = field.validation_alias
        given = alias.choices if isinstance(alias, AliasChoices) else [alias] if isinstance(alias, str) else []
        known = [each for each in given if isinstance(each, str) and each.isupper()] or [PREFIX + name.upper()]
        schema = _bare(document["properties"][name], document.get("$defs", {}))
        for variable in known:
            yield variable, {**schema, "required": field.is_required()}


def _bare(schema: Any, definitions: dict[str, Any]) -> Any:
    """The schema without its prose, with each reference replaced by what it names."""
    if isinstance(schema, list):
        return [_bare(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _bare(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    found = {
        name: _bare(value, definitions)
        for name, value in schema.items()
        if not (name in PROSE and isinstance(value, str))
    }
    if schema.get("uniqueItems") and isinstance(found.get("default"), list):
        found["default"].sort(key=json.dumps)
    return found
