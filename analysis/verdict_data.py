"""The verdict as plain data, for other programs; docs/json.md says every key."""

from typing import Any

from analysis.compare.claims import Verdict
from analysis.findings import Findings

__all__ = ["verdict_data"]


def verdict_data(findings: Findings) -> list[dict[str, Any]]:
    """One entry a setting, in the study's order; numbers may be NaN."""
    return [_setting(verdict) for verdict in findings.verdicts]


def _setting(verdict: Verdict) -> dict[str, Any]:
    best, claim = verdict.best, verdict.claim
    return {
        "task": verdict.task,
        "ratio": verdict.ratio,
        "reading": verdict.reading,
        "best": best
        and {
            "method": best.method,
            "cell": best.cell,
            "mean_test_auroc": best.mean,
            "std_test_auroc": best.std,
            "seeds": best.n,
        },
        "better_than": list(claim.better_than) if claim else [],
        "p": claim.p if claim else None,
        "basis": claim.basis if claim else None,
        "lead": claim.lead if claim else None,
        "doubts": list(verdict.doubts),
        "not_told_from": list(verdict.near),
        "equal_to": list(verdict.equal),
        "margin": verdict.margin,
        "p_equal": verdict.p_equal,
        "untested": list(verdict.untested),
        "without_result": list(verdict.absent),
    }
