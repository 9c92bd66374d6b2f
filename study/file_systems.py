"""What kind of file system a path lies on."""

from collections.abc import Iterable
from pathlib import Path

import psutil

__all__ = ["file_system", "is_network", "mounts"]

NETWORK = (
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "fuse.ceph",
    "fuse.gcsfuse",
    "fuse.glusterfs",
    "fuse.s3fs",
    "fuse.sshfs",
    "glusterfs",
    "gpfs",
    "lustre",
    "ncpfs",
    "nfs",
    "smb",
)
"""Beginnings of the names of file systems that several hosts share over a network."""


def mounts() -> list[tuple[str, str]]:
    """(mount point, kind) of everything that is mounted here, in the order of mounting."""
    return [(part.mountpoint, part.fstype) for part in psutil.disk_partitions(all=True)]


def file_system(path: Path, mounted: Iterable[tuple[str, str]]) -> str:
    """Kind of the file system that holds ``path``, as in ``ext4``; "" if no mount point does.

    Args:
        path: need not exist; links in it are followed.
        mounted: as from ``mounts``; of two at one point, the later covers the earlier.
    """
    real = path.resolve()
    holding = [
        (len(Path(point).parts), order, kind)
        for order, (point, kind) in enumerate(mounted)
        if real.is_relative_to(point)
    ]
    return max(holding, default=(0, 0, ""))[2]


def is_network(kind: str) -> bool:
    """Whether file systems of this kind lie on other hosts."""
    return kind.lower().startswith(NETWORK)
