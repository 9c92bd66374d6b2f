"""What the shell offers for an argument (`aucstudy --install-completion` sets it up)."""

from importlib.resources import files
from pathlib import Path

__all__ = ["specs"]


def specs(incomplete: str) -> list[str]:
    """Presets, YAML files and folders that begin so. The presets' names need no import of torch."""
    presets = [
        file.name.removesuffix(".yaml")
        for file in files("study").joinpath("presets").iterdir()
        if file.name.endswith(".yaml")
    ]
    folder = Path(incomplete).parent if not incomplete.endswith("/") else Path(incomplete)
    paths = [
        f"{path}/" if path.is_dir() else str(path)
        for path in (folder.iterdir() if folder.is_dir() else ())
        if path.is_dir() or path.suffix in (".yaml", ".yml")
    ]
    return sorted(name for name in (*presets, *paths) if name.startswith(incomplete))
