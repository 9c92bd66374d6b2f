"""An MLflow database: an experiment a study, a run a trial."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from analysis.exporters.runs import Run

__all__ = ["write"]

STATES = {"COMPLETE": "FINISHED", "PRUNED": "KILLED", "FAIL": "FAILED"}
"""The ledger's states in MLflow's words; a run under way has none yet."""

AT_MOST = 1000
"""Metrics in one call."""


def write(study: str, found: Sequence[Run], folder: Path) -> str:
    """Write ``mlflow.db`` and ``artifacts`` in ``folder``; steps are intervals."""
    # It would count its use over the network.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, RunTag

    folder = folder.absolute()
    place = f"sqlite:///{folder}/mlflow.db"
    client = MlflowClient(tracking_uri=place)
    experiment = client.create_experiment(study, artifact_location=(folder / "artifacts").as_uri())
    for run in found:
        begun = client.create_run(experiment, start_time=_ms(run.started), run_name=run.trial)
        name = begun.info.run_id
        metrics = [
            Metric(_name(key), value, _ms(point.time), point.interval)
            for point in run.curve
            for key, value in point.metrics.items()
        ]
        last = run.curve[-1].interval if run.curve else 0
        metrics += [
            Metric(f"final_{key}", value, _ms(run.finished), last)
            for key, value in run.metrics.items()
        ]
        client.log_batch(
            name,
            params=[Param(key, str(value)) for key, value in run.params.items()],
            tags=[RunTag(key, value) for key, value in run.tags.items()],
        )
        for start in range(0, len(metrics), AT_MOST):
            client.log_batch(name, metrics=metrics[start : start + AT_MOST])
        for file in run.artefacts:
            client.log_artifact(name, str(file))
        if run.state in STATES:
            client.set_terminated(name, STATES[run.state], end_time=_ms(run.finished))
    return f"mlflow ui --backend-store-uri {place}"


def _name(metric: str) -> str:
    """As MLflow takes it, without some signs that a label may have."""
    return re.sub(r"[^\w.\-: /]", "-", metric, flags=re.ASCII)[:250]


def _ms(seconds: float) -> int:
    return round(1000 * seconds)
