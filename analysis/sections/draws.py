"""What is drawn anew where a test or an interval allows for other test images."""

from analysis.findings import Findings
from analysis.labels import listing, setting
from analysis.write.blocks import Block, Prose

__all__ = ["of_groups"]


def of_groups(findings: Findings) -> list[Block]:
    """A sentence where images come in groups; nothing where they do not."""
    counts: dict[str, int] = {}
    for row in findings.scores.to_dict("records"):
        images = findings.within.images.get(row["cell"])
        if images is not None and images.groups > 0:
            counts[setting(row["task"], row["ratio"])] = int(images.groups)
    if not counts:
        return []
    where = listing(f"{place} ({count:,} groups)" for place, count in counts.items())
    return [
        Prose(
            f"The test images of {where} come in groups, such as patients. Images of one group are "
            "alike, so that wherever the draw of the test images is allowed for, groups are drawn "
            "and not images (Obuchowski 1997)."
        )
    ]
