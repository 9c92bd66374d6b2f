"""A real SLURM on hosts of our own: munged, slurmctld and a slurmd a host, in a folder."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.study.hosts import Host

__all__ = ["Slurm", "slurm", "why_no_slurm"]

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol")
SBIN = "/usr/sbin:/usr/bin:/sbin:/bin"

CONFIG = """\
ClusterName=test
SlurmctldHost=node0
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=2
KillWait=5
JobRequeue=1
NodeName=node0 NodeAddr=10.77.0.1 CPUs=2 RealMemory=2000 Feature=small State=UNKNOWN
NodeName=node1 NodeAddr=10.77.0.2 CPUs=2 RealMemory=2000 Feature=small State=UNKNOWN
PartitionName=short Nodes=node0,node1 Default=YES MaxTime=60 State=UP
"""


def why_no_slurm() -> str | None:
    """Why there can be none here; None if there can."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=SBIN) is None]
    if missing:
        return f"SLURM is not installed ({', '.join(missing)}): apt-get install slurm-wlm munge"
    return None


class Slurm:
    """A cluster that is up.

    Attributes:
        host: where its commands are run.
        environment: that they need.
    """

    def __init__(self, host: Host, environment: Mapping[str, str]) -> None:
        self.host = host
        self.environment = dict(environment)

    def run(self, *command: str, **env: str) -> str:
        """What a command of SLURM's prints."""
        done = subprocess.run(
            self.host.words(command),
            env=self.environment | env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    def job(self, number: str) -> dict[str, str]:
        """What SLURM knows of a job."""
        told = self.run("scontrol", "show", "job", number, "--oneliner")
        return dict(part.split("=", 1) for part in told.split() if "=" in part)


@contextmanager
def slurm(folder: Path, hosts: Sequence[Host], environment: Mapping[str, str]) -> Iterator[Slurm]:
    """A SLURM whose nodes are ``hosts``; all of it ends with the block.

    Args:
        folder: for its files; their paths must be short (sockets).
        hosts: node0 and node1.
        environment: of its daemons, which jobs inherit in part.
    """
    (folder / "state").mkdir(parents=True)
    config = folder / "slurm.conf"
    config.write_text(CONFIG.format(folder=folder))
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    env = {**environment, "SLURM_CONF": str(config), "PATH": f"{environment['PATH']}:{SBIN}"}
    socket = folder / "munge.socket"
    munged = ["munged", "--foreground", "--force", f"--socket={socket}", f"--key-file={key}"]
    munged += [f"--pid-file={folder}/munged.pid", f"--seed-file={folder}/munged.seed"]
    munged += [f"--log-file={folder}/munged.log"]
    with ExitStack() as stack:

        def start(host: Host, *command: str) -> None:
            stack.enter_context(_daemon(host.words(command), env, folder / "daemons.log"))

        start(hosts[0], *munged)
        _until(socket.exists, folder)
        start(hosts[0], "slurmctld", "-D", "-f", str(config))
        for host in hosts:
            start(host, "slurmd", "-D", "-N", host.name, "-f", str(config))
        made = Slurm(hosts[0], env)
        _until(lambda: _idle(made) == len(hosts), folder)
        yield made


def _idle(of: Slurm) -> int:
    done = subprocess.run(
        of.host.words(["sinfo", "--noheader", "--Node", "--format=%t"]),
        env=of.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.split().count("idle")


@contextmanager
def _daemon(command: Sequence[str], env: Mapping[str, str], log: Path) -> Iterator[None]:
    with log.open("ab") as stream:
        process = subprocess.Popen(command, env=env, stdout=stream, stderr=stream)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until(there: Callable[[], bool], folder: Path) -> None:
    deadline = time.monotonic() + 60
    while not there():
        logs = "\n".join(file.read_text()[-2000:] for file in folder.glob("*.log"))
        assert time.monotonic() < deadline, logs
        time.sleep(0.2)
