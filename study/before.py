"""What a spec, or a cell's plan, of an older version means by settings that it does not hold."""

from collections.abc import Mapping
from typing import Any

__all__ = ["BEFORE"]

BEFORE: Mapping[str, Any] = {
    "precision": "f32",
    "select": "auroc",
    "compile": False,
    "channels_last": False,
    "data": {},
    "network": {},
    "evaluation": {},
    "long_tail": None,
}
"""Where a setting is missing, the version that wrote knew nothing but this."""
