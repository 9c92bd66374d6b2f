"""Start, resume or extend a study: the same call does all three."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import yaml

from study.cells import cells
from study.embedding import embedded
from study.errors import SpecError, StudyError
from study.facts import data_facts
from study.fingerprints import fingerprints
from study.ledger.lease import Lease
from study.ledger.ledger import Ledger
from study.ledger.storage import open_storage, storage_url
from study.places import Places
from study.plan.deciding import decided
from study.provenance import provenance, refuse_changes
from study.reader import read_provenance, read_spec
from study.same_study import refuse_another_directory, refuse_another_study
from study.spec import (
    StudySpec,
    changes,
    check_environment,
    completed,
    directory_of,
    dump,
    for_everywhere,
)
from study.tune.progress import Progress, progress_for
from study.tune.stop import Stop
from trainables.files import save_atomically

__all__ = ["RunSummary", "run"]

WRITTEN = frozenset({"seed", "search", "confirm", "resources", "space", "storage"})
"""Keys that every version has written into a study's study.yaml; a user seldom names them all."""


@dataclass(frozen=True)
class RunSummary:
    """What a call of ``run`` came to.

    Attributes:
        directory: the study's.
        finished: nothing is left to do.
        ran: rows that this call finished; 0 if the study was finished before.
        left: rows still to be finished.
        stopped: why the study was stopped before its end, in a few words; None if it was not.
        failed_cells: cells in which every search row failed.
        unconfirmed_cells: cells in which every confirm row failed.
        failed: the study is finished, and no cell of it has a result.
    """

    directory: Path
    finished: bool
    ran: int
    left: int
    stopped: str | None
    failed_cells: tuple[str, ...]
    unconfirmed_cells: tuple[str, ...] = ()
    failed: bool = False


def run(
    spec: StudySpec,
    seconds: float | None = None,
    progress_of: Callable[[IO[str]], Progress] = progress_for,
    accept_changes: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> RunSummary:
    """Run all that is left of ``spec``'s study; return when nothing is, or when it is stopped.

    SIGINT, SIGTERM, SIGUSR1 and SIGHUP stop it, as does a terminal or a pipe that is closed:
    intervals under way are finished and the trials saved.
    A second SIGINT or SIGTERM stops it at once. Nothing is written before the spec, the data and
    the hardware are found to be good.

    Args:
        spec: from ``study.spec.load_spec``.
        seconds: that the study may take from now, above 0; it is stopped then. None: no limit.
        progress_of: makes the progress display from the terminal's stream.
        accept_changes: go on although data or the user's own code are not what the study began
            with; the provenance keeps what changed.
        say: is told what is decided before a study begins.

    Raises:
        SpecError: the spec cannot run here, or would mix results with those in its directory.
        LeaseError: another driver holds the study.
        LedgerError: the storage cannot be opened or written, or holds another study of that name.
        StudyError: the study's directory or its data cannot be used; what was told is kept.
        KeyboardInterrupt: the second signal.
    """
    check_environment(spec)
    spec = decided(spec, say)
    places = Places(directory_of(spec))
    directory = places.directory
    _refuse_mixing(spec, places)
    plan = cells(spec)
    began = read_provenance(directory)
    now = fingerprints(plan)
    if not accept_changes:
        refuse_changes(began, now)
    with Stop(seconds).signals() as stop, _said_in_words(directory):
        directory.mkdir(parents=True, exist_ok=True)
        storage = open_storage(storage_url(directory, spec.storage))
        with Lease(storage, spec.name) as lease:
            refuse_another_study(storage, spec.name, plan)
            if spec.storage is not None:
                refuse_another_directory(storage, spec.name, began)
            _write(places.spec, dump(for_everywhere(spec)))
            kept = provenance(now, began, data_facts(spec))
            _write(places.provenance, json.dumps(kept, indent=2))
            ledger = Ledger(storage, spec.name, plan, lease, kept["study"])
            before = ledger.remaining()
            if not ledger.finished and embedded(spec, stop):
                # Ray takes seconds to import and start: only for work.
                from study.tune.cluster import cluster

                logging.getLogger("ray").setLevel(logging.WARNING)
                with cluster(places.ray_log):
                    # Its workers start meanwhile.
                    from study.tune.generation import run_generation
                    from study.tune.nodes import check_nodes

                    check_nodes(directory, storage.engine.url)
                    run_generation(ledger, spec.resources, places, progress_of, stop)
    failed = {name: cell for name, cell in ledger.cells.items() if cell.standing.failed}
    return RunSummary(
        directory=directory,
        finished=ledger.finished,
        ran=max(0, before - ledger.remaining()),
        left=ledger.remaining(),
        stopped=None if ledger.finished else stop.reason,
        failed_cells=tuple(name for name, cell in failed.items() if not cell.standing.settled),
        unconfirmed_cells=tuple(name for name, cell in failed.items() if cell.standing.settled),
        failed=len(failed) == len(ledger.cells),
    )


@contextmanager
def _said_in_words(directory: Path) -> Iterator[None]:
    """A directory that cannot be written is the user's to mend, as is any other file."""
    try:
        yield
    except ConnectionError:  # the cluster's, no matter of files
        raise
    except OSError as error:
        named = Path(error.filename) if isinstance(error.filename, str) else directory
        own = named.is_relative_to(directory) or directory.is_relative_to(named)
        rule = f"a directory that it can write; {directory}" if own else f"to use {named}, which"
        raise StudyError(
            f"A study needs {rule} gave: {error}. Make room or give access, then run the study "
            "again: it goes on where it was."
        ) from error


def _refuse_mixing(spec: StudySpec, places: Places) -> None:
    """A change that would put incomparable results into one study is refused."""
    if not places.spec.exists():
        return
    directory = places.directory
    begun = read_spec(directory)
    if not begun.keys() >= WRITTEN:
        raise SpecError(
            f"A study's directory must be its own; {directory} holds a study.yaml that `aucstudy "
            "run` did not write. Name another directory, or give that file another name."
        )
    mixing = changes(completed(begun, spec.methods), yaml.safe_load(dump(spec)))
    if mixing:
        raise SpecError(
            f"A study's results must stay comparable; the one in {directory} was run with another "
            f"spec: {' '.join(mixing)} Undo the change, or give the study a new name."
        )


def _write(path: Path, text: str) -> None:
    save_atomically(path, lambda file: file.write(text.encode("utf-8")))
