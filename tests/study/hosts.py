"""Several hosts on this machine: namespaces with a name, a network, processes and mounts each."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

__all__ = ["Host", "hosts", "why_no_hosts"]

TOOLS = ("bash", "unshare", "nsenter", "ip", "mount")

# Names as in /etc/hosts; Ray's folder is the host's own. Bash, as process 1, buries the dead.
BOOT = """
set -e
hostname "$1"
ip link set lo up
mount --bind "$2" /etc/hosts
mkdir -p /tmp/ray
mount -t tmpfs tmpfs /tmp/ray
touch "$3"
while :; do sleep 3600 & wait $!; done
"""


class Host:
    """A host that is up.

    Attributes:
        name: its host name.
        init: process id, as seen from here, of its first process; if that dies, all die.
    """

    def __init__(self, name: str, init: int) -> None:
        self.name = name
        self.init = init

    def words(self, command: Sequence[str]) -> list[str]:
        """The command that runs ``command`` on this host, in the same folder."""
        target = ["nsenter", f"--target={self.init}", "--net", "--uts", "--pid", "--mount"]
        return [*target, f"--wd={Path.cwd()}", "--", *command]


def why_no_hosts() -> str | None:
    """Why there can be none here; None if there can."""
    if os.geteuid() != 0 or not all(map(shutil.which, TOOLS)):
        return f"hosts of our own need root and {', '.join(TOOLS)}"
    tried = subprocess.run(
        ["unshare", "--net", "--uts", "--pid", "--mount", "--fork", "--mount-proc", "true"],
        capture_output=True,
        check=False,
    )
    return None if tried.returncode == 0 else tried.stderr.decode()


@contextmanager
def hosts(folder: Path) -> Iterator[list[Host]]:
    """Two hosts, node0 (10.77.0.1) and node1 (10.77.0.2), joined by a cable; gone afterwards.

    Args:
        folder: for the files that they need.
    """
    names = folder / "etc-hosts"
    names.write_text("127.0.0.1 localhost\n10.77.0.1 node0\n10.77.0.2 node1\n")
    with ExitStack() as stack:
        up = [stack.enter_context(_host(f"node{number}", names, folder)) for number in range(2)]
        first, second = (f"netns {host.init}" for host in up)
        _run(f"ip link add eth0 {first} type veth peer name eth0 {second}".split())
        for number, host in enumerate(up, start=1):
            _run(host.words(f"ip address add 10.77.0.{number}/24 dev eth0".split()))
            _run(host.words(["ip", "link", "set", "eth0", "up"]))
        yield up


@contextmanager
def _host(name: str, names: Path, folder: Path) -> Iterator[Host]:
    ready = folder / f"{name}-is-up"
    spaces = ["--net", "--uts", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"]
    holder = subprocess.Popen(
        ["unshare", *spaces, "bash", "-c", BOOT, "boot", name, str(names), str(ready)]
    )
    try:
        deadline = time.monotonic() + 30
        while not ready.exists():
            assert holder.poll() is None, f"{name} does not start"
            assert time.monotonic() < deadline, f"{name} does not come up"
            time.sleep(0.05)
        (init,) = psutil.Process(holder.pid).children()
        yield Host(name, init.pid)
    finally:
        holder.kill()
        holder.wait()


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
