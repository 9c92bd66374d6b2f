"""Which database may be used on which hosts, and what a path lies on."""

from pathlib import Path

import pytest
from sqlalchemy import make_url

from study.file_systems import file_system, is_network, mounts
from study.tune.nodes import hosts, unsafe_sqlite

MOUNTED = [
    ("/", "ext4"),
    ("/home", "nfs4"),
    ("/home/me/scratch", "xfs"),
    ("/home/me/two words", "lustre"),
    ("/aucstudy", "ext4"),
    ("/aucstudy", "cifs"),  # mounted over it
]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/study", "ext4"),
        ("/home", "nfs4"),
        ("/home/me/studies/s", "nfs4"),
        ("/homestead/s", "ext4"),
        ("/home/me/scratch/s", "xfs"),
        ("/home/me/two words/s", "lustre"),
        ("/home/me/scratch/../s", "nfs4"),
        ("/aucstudy/s", "cifs"),
    ],
)
def test_the_nearest_mount_point_above_holds_a_path(path: str, kind: str) -> None:
    assert file_system(Path(path), MOUNTED) == kind


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    mounted = [("/", "ext4"), (str(tmp_path / "there"), "nfs")]
    assert file_system(tmp_path / "link" / "s", mounted) == "nfs"


def test_no_mount_point_no_kind() -> None:
    assert file_system(Path("/srv"), []) == ""


def test_this_machine_s_own_mounts() -> None:
    assert file_system(Path("/proc/self"), mounts()) == "proc"


@pytest.mark.parametrize(
    "kind", ["nfs", "nfs4", "CIFS", "smb3", "fuse.sshfs", "lustre", "9p", "ceph", "beegfs", "gpfs"]
)
def test_network_file_systems_are_known(kind: str) -> None:
    assert is_network(kind)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "fuseblk", ""])
def test_local_file_systems_are_none(kind: str) -> None:
    assert not is_network(kind)


TWO = ["node0", "node1"]


@pytest.mark.parametrize(
    ("url", "names", "refused"),
    [
        ("sqlite:////home/me/s/study.db", TWO, True),
        ("sqlite:////home/me/s/study.db", TWO[:1], False),
        ("sqlite:////home/me/scratch/s/study.db", TWO, False),
        ("sqlite:///:memory:", TWO, False),
        ("postgresql://me@db/home", TWO, False),
    ],
)
def test_sqlite_on_a_network_file_system_is_refused_for_several_hosts(
    url: str, names: list[str], refused: bool
) -> None:
    told = unsafe_sqlite(make_url(url), names, MOUNTED)
    assert (told is not None) is refused
    if told:
        for word in ("/home/me/s/study.db", "nfs4", "node0, node1", "postgresql://"):
            assert word in told


def test_hosts_are_counted_once_and_only_if_alive() -> None:
    def node(host: str, number: int, alive: bool = True) -> dict[str, object]:
        return {"NodeManagerHostname": host, "NodeID": f"{host}-{number}", "Alive": alive}

    found = hosts([node("a", 1), node("a", 2), node("b", 1), node("c", 1, alive=False)])
    assert sorted(found) == ["a", "b"]
    assert found["a"] in ("a-1", "a-2")
