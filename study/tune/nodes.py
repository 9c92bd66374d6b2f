"""Is the cluster fit for the study? All hosts must see its directory; SQLite must be safe."""

import secrets
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
from sqlalchemy import URL

from study.errors import ClusterError
from study.file_systems import file_system, is_network, mounts

__all__ = ["check_nodes", "hosts", "strangers", "unsafe_sqlite"]

SEE_SECONDS = 10.0
"""How long a host may take to see a new file: network file systems cache folders."""

START_SECONDS = 60.0
"""How long a host may take to start a worker for the look."""


def check_nodes(directory: Path, database: URL) -> None:
    """Refuse a cluster of several hosts that would lose or spoil the study.

    Nodes on one host share its files, so that a cluster on one host always passes.

    Args:
        directory: the study's, absolute; exists here.
        database: of the ledger.

    Raises:
        ClusterError: a host does not see the directory or has no aucstudy, or the ledger is a
            SQLite file on a network file system.
    """
    found = hosts(ray.nodes())
    if len(found) < 2:
        return
    if refusal := unsafe_sqlite(database, sorted(found), mounts()):
        raise ClusterError(refusal)
    if blind := strangers(directory, found):
        told = "; ".join(f"{host} {why}" for host, why in sorted(blind.items()))
        raise ClusterError(
            f"Every host of a cluster must see the study's directory at the same path, "
            f"{directory}, but {told}. Set directory in the spec to a folder on a file system that "
            "all hosts share, or run on one host."
        )


def hosts(nodes: Sequence[Mapping[str, object]]) -> dict[str, str]:
    """From each host that is alive to the id of one of its nodes.

    Args:
        nodes: as from ``ray.nodes()``.
    """
    return {
        str(node["NodeManagerHostname"]): str(node["NodeID"]) for node in nodes if node["Alive"]
    }


def unsafe_sqlite(
    database: URL, hosts: Sequence[str], mounted: Sequence[tuple[str, str]]
) -> str | None:
    """Why this database must not be used on these hosts; None if it may.

    SQLite's locks and its write-ahead log need shared memory, which a network file system has
    not (sqlite.org/wal.html, sqlite.org/faq.html#q5).

    Args:
        database: of the ledger.
        hosts: names of those that take part.
        mounted: as from ``study.file_systems.mounts``.
    """
    if len(hosts) < 2 or database.get_backend_name() != "sqlite" or not database.database:
        return None
    kind = file_system(Path(database.database), mounted)
    if not is_network(kind):
        return None
    return (
        f"SQLite must not lie on a network file system when several hosts take part: "
        f"{database.database} lies on {kind}, and the hosts are {', '.join(hosts)}. Set storage in "
        "the spec to a server's URL, such as postgresql://user@host/database."
    )


def strangers(directory: Path, hosts: Mapping[str, str]) -> dict[str, str]:
    """Hosts that do not see the directory, each with the reason in words.

    A file that this process writes must be read by a task on each host.

    Args:
        directory: exists here.
        hosts: from a host to the id of a node on it.
    """
    word = secrets.token_hex(8)
    marker = directory / f".seen-{word}"
    marker.write_text(word)
    try:
        looks = {
            _look.options(
                scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)
            ).remote(str(marker), word, SEE_SECONDS): host
            for host, node in hosts.items()
        }
        done, late = ray.wait(
            list(looks), num_returns=len(looks), timeout=SEE_SECONDS + START_SECONDS
        )
        wrong = {looks[look]: "does not answer" for look in late}
        for look in done:
            if why := _outcome(look):
                wrong[looks[look]] = why
        return wrong
    finally:
        marker.unlink(missing_ok=True)


@ray.remote(num_cpus=0, max_retries=0)
def _look(marker: str, word: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return Path(marker).read_text() == word
        except OSError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.5)


def _outcome(look: "ray.ObjectRef[bool]") -> str | None:
    try:
        return None if ray.get(look) else "does not see it"
    except RayError as error:
        return f"cannot look ({str(error).strip().splitlines()[-1].strip()})"
