"""What ``aucstudy launch`` prints, checked by the platforms' own means."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from study.cli import app
from study.launch.kuberay import kuberay
from study.launch.sizes import node_cpus, node_gpus
from study.spec import Resources, parse_spec

BIN = Path(sys.executable).parent

SPEC: dict[str, Any] = {
    "name": "s",
    "methods": ["ce"],
    "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 2}],
    "imratios": [0.1],
    "search": {"trials": 2},
    "resources": {"cpus": 1.5, "gpus": 0.25},
    "storage": "postgresql+psycopg://me:${DB_PASSWORD}@db/studies",
    "directory": "/shared/studies/s",
}

# Names that try to leave the place where they are printed.
HOSTILE = [
    'a"; touch broken; ".yaml',
    "a'; touch broken; '.yaml",
    "$(touch broken)`touch broken`.yaml",
    "a: {b: [1, 2], #}.yaml",
    "{{ 7 * 7 }} {% raw %}.yaml",
    "- &a !!python *b.yaml",
    "two words\\.yaml",
]


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAY_AUTH_TOKEN", "a-token-that-must-stay-here")
    monkeypatch.setenv("DB_PASSWORD", "a-password-that-must-stay-here")


def write(name: str = "spec.yaml", **changes: Any) -> str:
    Path(name).write_text(yaml.safe_dump({**SPEC, **changes}))
    return name


def launch(*words: str) -> str:
    """What ``aucstudy launch`` prints to stdout."""
    done = CliRunner().invoke(app, ["launch", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def refused(*words: str) -> str:
    """What ``aucstudy launch`` says when it will not."""
    done = CliRunner().invoke(app, ["launch", *words], catch_exceptions=False)
    assert done.exit_code == 2
    assert not done.stdout
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", done.stderr).split())


COMMANDS = [
    ("slurm", ()),
    ("kuberay", ("--image", "registry/aucstudy:1")),
    ("ray-up", ("--hosts", "10.0.0.1,10.0.0.2")),
]


@pytest.mark.parametrize(("platform", "options"), COMMANDS)
def test_secrets_are_named_and_not_printed(platform: str, options: tuple[str, ...]) -> None:
    text = launch(platform, write(), *options)
    assert "must-stay-here" not in text
    assert "DB_PASSWORD" in text
    assert not re.search(r"(?m)^[^#]*RAY_AUTH_TOKEN=", text)


@pytest.mark.parametrize(("platform", "options"), COMMANDS)
def test_sqlite_on_several_hosts_comes_with_a_warning(
    platform: str, options: tuple[str, ...]
) -> None:
    words = ["launch", platform, write(storage=None), *options]
    done = CliRunner().invoke(app, words)
    assert "network file system" in done.stderr
    assert "network file system" in " ".join(done.stdout.replace("#", " ").split())
    assert "network file system" not in launch(platform, write(), *options)


def test_slurm_is_clean_for_bash_and_shellcheck() -> None:
    shellcheck = shutil.which("shellcheck") or shutil.which("shellcheck", path=str(BIN))
    for name, *options in (["spec.yaml"], ["spec.yaml", "--mps"], *([each] for each in HOSTILE)):
        script = launch("slurm", f"./{write(name)}", "--nodes", "3", *options)
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
        if shellcheck:
            command = [shellcheck, "-"]
            done = subprocess.run(
                command, input=script, text=True, capture_output=True, check=False
            )
            assert done.returncode == 0, done.stdout
    if not shellcheck:
        pytest.skip("bash -n was content; shellcheck is not installed")


@pytest.mark.parametrize("name", HOSTILE)
def test_slurm_hands_the_spec_to_the_run_as_it_is(name: str, tmp_path: Path) -> None:
    script = launch("slurm", f"./{write(name)}")
    stand_ins = tmp_path / "bin"
    stand_ins.mkdir()
    (stand_ins / "scontrol").write_text("#!/bin/sh\necho node0\n")
    (stand_ins / "srun").write_text(
        f"#!{sys.executable}\nimport json, pathlib, sys\n"
        f"pathlib.Path({str(tmp_path / 'words')!r}).write_text(json.dumps(sys.argv[1:]))\n"
    )
    for file in stand_ins.iterdir():
        file.chmod(0o755)
    env = os.environ | {
        "PATH": f"{stand_ins}:{os.environ['PATH']}",
        "SLURM_JOB_NODELIST": "node0",
        "SLURM_JOB_NUM_NODES": "2",
    }
    done = subprocess.run(["bash"], input=script, env=env, text=True, check=False)
    assert done.returncode == 1, "srun came back and the study had not ended"
    words = json.loads((tmp_path / "words").read_text())
    assert words[-1] == f"./{name}"
    assert not list(tmp_path.rglob("broken"))


def test_slurm_asks_for_what_the_trials_take() -> None:
    script = launch("slurm", write(), "--nodes", "3", "--trials-per-node", "6")
    asked = dict(
        re.findall(r"(?m)^#SBATCH --([a-z-]+)(?:=(\S+))?$", script),
    )
    assert asked["nodes"] == "3"
    assert asked["cpus-per-task"] == "9"
    assert asked["gpus-per-node"] == "2"
    assert asked["signal"] == "B:USR1@120"
    assert {"requeue", "exclusive"} <= asked.keys()
    assert "--num-cpus=9 --num-gpus=2" in script
    assert "gpus-per-node" not in launch("slurm", write(resources={"cpus": 1}))


def test_slurm_fills_what_is_said_of_the_queue() -> None:
    """As a shell would read the words; what is not said stands there to be edited."""

    def options(*words: str) -> tuple[dict[str, str], str]:
        script = launch("slurm", write(resources={"cpus": 1, "gpus": 0.5}), *words)
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
        found = re.findall(r"(?m)^#SBATCH --([a-z-]+)=(.+)$", script)
        return {name: "".join(shlex.split(value)) for name, value in found}, script

    said = {
        "partition": "gpu,long",
        "account": "a|b",
        "time": "1-12:00:00",
        "gpus-per-node": "a100:4",
        "constraint": "a100&ib*2",
    }
    asked, script = options(*(word for key, value in said.items() for word in (f"--{key}", value)))
    assert {key: asked[key] for key in said} == said
    assert "--num-gpus=4 " in script
    assert "To edit: time" not in script
    assert "##SBATCH" not in script
    asked, script = options("--account", "me")
    assert asked["account"] == "me"
    assert asked["gpus-per-node"] == "2"
    assert "# To edit: time, partition.\n" in script
    assert "##SBATCH --partition=..." in script
    assert "constraint" not in script


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--partition", "a b"), "--partition must be one word"),
        (("--time", "1\n#SBATCH --uid=0"), "--time must be one word"),
        (("--time", "2h"), "--time must be as sbatch takes it, such as 90 (minutes)"),
        (("--time", "1-"), "not '1-'"),
        (("--account", ""), "--account must be one word"),
        (("--gpus-per-node", "many"), "must end with a number"),
        (("--gpus-per-node", "1", "--trials-per-node", "4"), "takes 2 GPUs"),
    ],
)
def test_slurm_refuses_what_sbatch_would_not_take(words: tuple[str, ...], said: str) -> None:
    assert said in refused("slurm", write(resources={"cpus": 1, "gpus": 0.5}), *words)


@pytest.mark.parametrize(
    "time", ["90", "90:30", "12:00:00", "1-0", "1-12:30", "1-0:0:5", "infinite"]
)
def test_slurm_takes_each_of_its_times(time: str) -> None:
    assert f"#SBATCH --time={time}\n" in launch("slurm", write(), "--time", time)


def test_ray_knows_what_the_script_asks_of_it() -> None:
    help_ = subprocess.run(
        [BIN / "ray", "symmetric-run", "--help"], capture_output=True, text=True, check=True
    ).stdout
    script = launch("slurm", write())
    used = re.search(r"symmetric-run (--address) .* (--min-nodes) ", script)
    assert used is not None
    for flag in used.groups():
        assert flag in help_
    # What symmetric-run passes on to ray start, on the head and on the others.
    start = subprocess.run(
        [BIN / "ray", "start", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert "--num-cpus" in start
    assert "--num-gpus" in start


def closed(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required or properties),
        "additionalProperties": False,
    }


# The fields that we use, as in KubeRay's API reference (ray.io/v1); names as its webhook wants
# them. Pod templates are checked against Kubernetes' own schema.
STRINGS = {"type": "object", "additionalProperties": {"type": "string"}}
NAME = {"type": "string", "maxLength": 47, "pattern": "^[a-z]([-a-z0-9]*[a-z0-9])?$"}
COUNT = {"type": "integer", "minimum": 0}
RAYJOB = closed(
    apiVersion={"const": "ray.io/v1"},
    kind={"const": "RayJob"},
    metadata=closed(name=NAME),
    spec=closed(
        entrypoint={"type": "string"},
        shutdownAfterJobFinishes={"type": "boolean"},
        ttlSecondsAfterFinished=COUNT,
        backoffLimit=COUNT,
        rayClusterSpec=closed(
            rayVersion={"type": "string"},
            authOptions=closed(mode={"enum": ["disabled", "token"]}),
            headGroupSpec=closed(rayStartParams=STRINGS, template={"type": "object"}),
            workerGroupSpecs={
                "type": "array",
                "items": closed(
                    groupName={"type": "string"},
                    replicas=COUNT,
                    minReplicas=COUNT,
                    maxReplicas=COUNT,
                    rayStartParams=STRINGS,
                    template={"type": "object"},
                ),
            },
        ),
    ),
)


def manifests(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """ConfigMap and RayJob, found to be valid."""
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    jsonschema = pytest.importorskip("jsonschema")
    config, job = yaml.safe_load_all(text)
    kubernetes_validate.validate(config, "1.33", strict=True)
    jsonschema.validate(job, RAYJOB)
    cluster = job["spec"]["rayClusterSpec"]
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        template = {"apiVersion": "v1", "kind": "PodTemplate", "template": group["template"]}
        kubernetes_validate.validate(template, "1.33", strict=True)
    return config, job


@pytest.mark.parametrize("name", ["spec.yaml", *HOSTILE])
def test_kuberay_is_valid_and_carries_the_spec(name: str) -> None:
    spec = f"./{write(name)}"
    config, job = manifests(launch("kuberay", spec, "--image", f"me/{name}:1", "--workers", "5"))
    carried = parse_spec(yaml.safe_load(config["data"]["study.yaml"]))
    assert carried.name == "s"
    assert carried.storage == SPEC["storage"]
    assert carried.search.trials == 2
    cluster = job["spec"]["rayClusterSpec"]
    (workers,) = cluster["workerGroupSpecs"]
    (container,) = workers["template"]["spec"]["containers"]
    assert workers["replicas"] == 5
    assert container["image"] == f"me/{name}:1"
    assert container["resources"]["limits"] == {"cpu": 6, "memory": "16Gi", "nvidia.com/gpu": 1}
    (head,) = cluster["headGroupSpec"]["template"]["spec"]["containers"]
    (variable,) = head["env"]
    assert variable["name"] == "DB_PASSWORD"
    assert variable["valueFrom"]["secretKeyRef"] == {"name": "s-storage", "key": "DB_PASSWORD"}
    assert cluster["rayVersion"] == version("ray")
    assert config["metadata"]["name"] == job["metadata"]["name"] == "s"


@settings(max_examples=25, deadline=None, derandomize=True)
@given(name=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", fullmatch=True))
def test_every_study_s_name_gives_a_kubernetes_name(name: str) -> None:
    spec = parse_spec({**SPEC, "name": name})
    manifests(kuberay("spec.yaml", spec, workers=1, trials_per_worker=1, image="i"))


def test_like_names_give_different_kubernetes_names() -> None:
    def named(name: str) -> str:
        text = kuberay("spec.yaml", parse_spec({**SPEC, "name": name}), 1, 1, "i")
        return str(manifests(text)[1]["metadata"]["name"])

    assert len({named(name) for name in ("a-b", "a.b", "A-b", "a_b", "a" * 60, "a" * 61)}) == 6


@pytest.mark.parametrize("name", ["spec.yaml", *HOSTILE])
def test_ray_up_passes_ray_s_own_validator(name: str) -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    text = launch("ray-up", f"./{write(name)}", "--hosts", "head.lab, 10.0.0.2, fd00::3")
    config = prepare_config(yaml.safe_load(text))
    validate_config(config)
    assert config["provider"]["head_ip"] == "head.lab"
    assert config["provider"]["worker_ips"] == ["10.0.0.2", "fd00::3"]
    assert config["max_workers"] == 2
    # The words to submit, as a shell takes them.
    (submit,) = re.findall(r"ray job submit (.*)", text)
    assert shlex.split(submit)[-4:] == ["--", "aucstudy", "run", f"./{name}"]
    start = config["head_start_ray_commands"][1]
    subprocess.run(["bash", "-n"], input=start, text=True, check=True)
    assert "RAY_AUTH_MODE=token" in start
    assert "RAY_AUTH_MODE=token" in config["worker_start_ray_commands"][1]


def test_a_submitted_study_needs_a_directory_of_its_own() -> None:
    for directory in (None, "studies/s"):
        told = refused("ray-up", write(directory=directory), "--hosts", "a,b")
        assert "must be absolute" in told


@pytest.mark.parametrize("given_", ["a", "a,a", "a,", "a,b c", "a,$(touch broken)"])
def test_hosts_are_checked(given_: str) -> None:
    assert "two or more different host names" in refused("ray-up", write(), "--hosts", given_)


def test_a_path_with_line_breaks_is_refused() -> None:
    spec = write("a\ntouch broken\n.yaml")
    for platform, options in COMMANDS:
        assert "printable" in refused(platform, spec, *options)


@pytest.mark.parametrize(
    "words",
    [("slurm", "--nodes", "0"), ("slurm", "--trials-per-node", "0"), ("kuberay",)],
)
def test_wrong_options_are_refused(words: tuple[str, ...]) -> None:
    refused(words[0], write(), *words[1:])


def test_a_trial_that_fits_on_no_node_is_refused() -> None:
    assert "no GPUs" in refused("local-cluster", write())
    big = write(resources={"cpus": 3})
    assert "raise it" in refused("local-cluster", big, "--cpus-per-node", "2")


@pytest.mark.parametrize(
    ("cpus", "gpus", "trials", "want_cpus", "want_gpus"),
    [
        (1, 0, 4, 4, 0),
        (0.5, 0, 3, 2, 0),
        (1, 0.25, 4, 4, 1),
        (1, 0.3, 4, 4, 2),  # three on the first GPU, one on the second
        (2, 0.6, 3, 6, 3),
        (4, 2, 3, 12, 6),
    ],
)
def test_a_node_holds_its_trials(
    cpus: float, gpus: float, trials: int, want_cpus: int, want_gpus: int
) -> None:
    resources = Resources(cpus=cpus, gpus=gpus)
    assert node_cpus(resources, trials) == want_cpus
    assert node_gpus(resources, trials) == want_gpus
