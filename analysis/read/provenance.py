"""Where the numbers come from: provenance and spec as flat rows."""

from collections.abc import Mapping
from typing import Any

import yaml

__all__ = ["flatten", "spec_text"]


def flatten(data: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested mappings as ("outer.inner", text) pairs, in order; lists are joined by commas."""
    rows: list[tuple[str, str]] = []
    for key, value in data.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            rows += flatten(value, f"{name}.")
        elif isinstance(value, list | tuple):
            rows.append((name, ", ".join(map(str, value))))
        else:
            rows.append((name, "" if value is None else str(value)))
    return rows


def spec_text(spec: Mapping[str, Any]) -> str:
    """The spec as YAML."""
    # Flow style for the innermost level: a range of a hyperparameter is one line.
    return yaml.safe_dump(
        dict(spec), sort_keys=False, allow_unicode=True, width=96, default_flow_style=None
    )
