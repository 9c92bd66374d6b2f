"""optuna-dashboard on the storage of a study, finished or running."""

from pathlib import Path

import typer

from study.errors import StudyError
from study.ledger.storage import open_storage
from study.reader import read_spec, storage_of

__all__ = ["serve"]


def serve(directory: Path, port: int) -> None:
    """Serve optuna-dashboard on loopback until Ctrl-C, and say where.

    The URL is handed over within this process: a password in it never shows in ``ps``.

    Args:
        directory: the study's.
        port: of 127.0.0.1.

    Raises:
        LedgerError: there is no study in the directory, or its storage cannot be opened.
        StudyError: optuna-dashboard is not installed, or the port is taken.
    """
    try:
        from optuna_dashboard import run_server  # type: ignore[import-untyped]
    except ImportError as error:
        raise StudyError(
            "The dashboard needs optuna-dashboard: pip install 'aucstudy[dashboard]'."
        ) from error
    storage = open_storage(storage_of(directory, read_spec(directory)))
    typer.echo(f"http://127.0.0.1:{port}/ (Ctrl-C ends it)", err=True)
    try:
        run_server(storage, host="127.0.0.1", port=port)
    except OSError as error:
        raise StudyError(
            f"The dashboard needs a free port, and {port} gave: {error}. Choose another one with "
            "--port."
        ) from error
    finally:
        storage.remove_session()
        storage.engine.dispose()
