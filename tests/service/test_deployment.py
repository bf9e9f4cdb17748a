"""What Kubernetes and systemd are told: rendered by helm, checked against the API's schemas, and hardened as it says."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from zipfile import ZipFile

import kubernetes_validate
import pytest
import requests
import yaml
from support.processes import osteocds_serve
from support.programs import npm_packages, required
from tools.release import CHART

from service.settings import SETTINGS

ROOT = Path(__file__).parents[2]
HELM = ROOT / "tests/integration/helm"
SITE = ROOT / "deploy/helm/example.values.yaml"
KUBERNETES = ("1.25", "1.34")
"""The oldest that the chart takes, and one of today."""

UNIT = ROOT / "deploy/systemd/osteocds.service"


@pytest.fixture(scope="session")
def helm(tmp_path_factory) -> Path:
    npm_packages(HELM)
    folder = tmp_path_factory.mktemp("helm")
    (layer,) = HELM.glob("node_modules/@aws-cdk/*/lib/layer.zip")
    with ZipFile(layer) as archive:
        program = Path(archive.extract("helm/helm", folder))
    program.chmod(0o755)
    return program


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def rendered(helm: Path, *changed: str, kubernetes: str = KUBERNETES[-1]) -> list[dict]:
    """The objects of a site, with values changed as `--set` has them."""
    options = [option for one in changed for option in ("--set-json", one)]
    done = run(helm, "template", "site", CHART, "--kube-version", kubernetes, "--values", SITE, *options)
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def one(objects: list[dict], kind: str, component: str = "") -> dict:
    (found,) = (it for it in objects if it["kind"] == kind and it["metadata"]["name"].endswith(component or "osteocds"))
    return found


@pytest.fixture(scope="module")
def objects(helm) -> list[dict]:
    return rendered(helm)


# --- the chart --------------------------------------------------------------------------------------------------------


def test_helm_finds_no_fault_with_the_chart(helm):
    done = run(helm, "lint", "--strict", CHART, "--values", SITE)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("kubernetes", KUBERNETES)
def test_each_object_is_one_of_the_api(helm, kubernetes):
    objects = rendered(helm, kubernetes=f"{kubernetes}.0")
    assert {found["kind"] for found in objects} == {
        *("Deployment", "Service", "NetworkPolicy", "PodDisruptionBudget", "HorizontalPodAutoscaler", "Job")
    }
    for found in objects:
        kubernetes_validate.validate(found, kubernetes, strict=True)


def test_an_object_that_is_none_would_be_noticed(objects):
    changed = one(objects, "Deployment") | {"spec": {"replica": 2}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(changed, KUBERNETES[-1], strict=True)


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_a_pod_has_no_rights_no_account_and_writes_into_no_image(objects, kind):
    pod = one(objects, kind, "migrate" if kind == "Job" else "")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["automountServiceAccountToken"] is pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "memory" in container["resources"]["limits"]
    assert {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")} == {"/" + "tmp"}


def test_secrets_come_from_secrets_and_every_other_setting_is_one_of_ours(objects):
    (container,) = one(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    told = {variable["name"]: variable for variable in container["env"]}
    known = {setting.name for setting in SETTINGS}
    assert told.keys() <= known
    assert "value" not in told["OSTEOCDS_DATABASE_URL"]
    mounted = {mount["mountPath"] for mount in container["volumeMounts"] if mount.get("readOnly")}
    for name in ("OSTEOCDS_PATIENT_KEY", "OSTEOCDS_RECEIPT_KEY", "OSTEOCDS_OPERATOR_KEY", "OSTEOCDS_CLIENTS"):
        assert told[name]["value"].rpartition("/")[0] in mounted
    assert told["OSTEOCDS_FHIR_BASES"]["value"] == "https://fhir.example.org/r4"


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_files_that_settings_name_are_mounted_where_they_say(objects, kind):
    pod = one(objects, kind, "migrate" if kind == "Job" else "")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (mount,) = (mount for mount in container["volumeMounts"] if mount["mountPath"] == "/etc/osteocds/files/site")
    (volume,) = (volume for volume in pod["volumes"] if volume["name"] == mount["name"])
    assert mount["readOnly"] is True
    assert volume["configMap"] == {"name": "osteocds-site"}
    if kind == "Deployment":
        told = {variable["name"]: variable.get("value", "") for variable in container["env"]}
        assert told["OSTEOCDS_CA_BUNDLE"].rpartition("/")[0] == mount["mountPath"]


def test_an_image_is_held_to_one_content_where_the_site_says_so(helm):
    digest = f"sha256:{64 * 'a'}"
    for found in rendered(helm, f'image.digest="{digest}"'):
        if found["kind"] in ("Deployment", "Job"):
            assert found["spec"]["template"]["spec"]["containers"][0]["image"].endswith(f"@{digest}")


def test_traces_go_where_the_site_says_and_the_network_lets_them(helm):
    objects = rendered(
        helm,
        'traces={"endpoint":"http://collector:4318","to":[{"ipBlock":{"cidr":"192.0.2.40/32"}}]}',
    )
    (container,) = one(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    told = {variable["name"]: variable.get("value") for variable in container["env"]}
    assert told["OSTEOCDS_TRACES"] == "1"
    assert told["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://collector:4318"
    assert (block("192.0.2.40/32"), 4318) in egress(one(objects, "NetworkPolicy"))


def test_names_are_looked_up_where_the_cluster_has_them(helm):
    objects = rendered(helm, 'dns.to=[{"ipBlock":{"cidr":"192.0.2.53/32"}}]', "dns.port=5353")
    for policy in (one(objects, "NetworkPolicy"), one(objects, "NetworkPolicy", "migrate")):
        assert (block("192.0.2.53/32"), 5353) in egress(policy)
        assert not {port for _peer, port in egress(policy)} & {53}


def test_a_budget_says_how_many_stay_or_how_many_go(helm):
    spec = one(rendered(helm, "podDisruptionBudget.minAvailable=1"), "PodDisruptionBudget")["spec"]
    assert spec["minAvailable"] == 1
    assert "maxUnavailable" not in spec


def test_a_replica_whose_database_is_gone_goes_on_getting_requests(objects):
    (container,) = one(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["path"] == "/health/live"


def test_a_rolling_update_takes_no_replica_away_before_another_is_there(objects):
    deployment = one(objects, "Deployment")["spec"]
    assert deployment["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert "replicas" not in deployment, "the autoscaler's number would be undone at each upgrade"
    assert one(objects, "HorizontalPodAutoscaler")["spec"]["minReplicas"] >= 2
    assert one(objects, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


def test_without_an_autoscaler_there_are_as_many_as_the_site_says(helm):
    objects = rendered(helm, "autoscaling.enabled=false", "replicas=3")
    assert one(objects, "Deployment")["spec"]["replicas"] == 3
    assert not [found for found in objects if found["kind"] == "HorizontalPodAutoscaler"]


def test_the_tables_are_migrated_before_the_pods(objects):
    job = one(objects, "Job", "migrate")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["osteocds", "migrate"]
    assert container["image"] == one(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]["image"]


def egress(policy: dict) -> set[tuple[str, int]]:
    return {
        (json.dumps(peer, sort_keys=True), port["port"])
        for rule in policy["spec"]["egress"]
        for peer in rule["to"]
        for port in rule["ports"]
    }


def block(address: str) -> str:
    return json.dumps({"ipBlock": {"cidr": address}})


def test_a_replica_reaches_names_its_stores_and_the_bases_that_are_listed_and_nothing_else(objects):
    policy = one(objects, "NetworkPolicy")
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    names = {(peer, port) for peer, port in egress(policy) if port == 53}
    assert len(names) == 1
    assert "kube-dns" in names.pop()[0]
    assert {(peer, port) for peer, port in egress(policy) if port != 53} == {
        (block("192.0.2.10/32"), 443),
        (block("192.0.2.20/32"), 443),
        (block("192.0.2.30/32"), 5432),
        ('{"podSelector": {"matchLabels": {"app": "redis"}}}', 6379),
    }


def test_the_migration_reaches_its_database_and_nothing_else(objects):
    policy = one(objects, "NetworkPolicy", "migrate")
    assert {(peer, port) for peer, port in egress(policy) if port != 53} == {(block("192.0.2.30/32"), 5432)}
    assert policy["spec"]["ingress"] == []


def test_where_nobody_is_named_nobody_reaches_a_replica(helm):
    policy = one(rendered(helm, "ingressFrom=[]", "metricsFrom=[]"), "NetworkPolicy")
    assert policy["spec"]["ingress"] == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ("postgresql.to=[]", "postgresql/to"),
        ('fhir.bases=[{"base":"https://fhir.example.org","port":443,"to":[]}]', "fhir/bases/0/to"),
        (
            'fhir.bases=[{"base":"fhir.example.org","port":443,"to":[{"ipBlock":{"cidr":"192.0.2.1/32"}}]}]',
            "bases/0/base",
        ),
        ('fhir.bases=[{"base":"https://fhir.example.org"}]', "fhir/bases/0"),
        ('settings={"OSTEOCDS_DATABASE_URL":"sqlite://"}', "OSTEOCDS_DATABASE_URL"),
        ('settings={"osteocds_port":"1"}', "osteocds_port"),
        ('postgresql.secret=""', "postgresql/secret"),
        ("replica=3", "replica"),
        ("redis.to=[]", "redis/to"),
        ('settings={"OSTEOCDS_REDIS_URL":"redis://:secret@redis"}', "OSTEOCDS_REDIS_URL"),
        ('settings={"OSTEOCDS_OPERATOR_KEY":"key"}', "OSTEOCDS_OPERATOR_KEY"),
        ('traces.endpoint="http://collector:4318"', "traces/to"),
        ("dns.to=[]", "dns/to"),
        ('image.digest="latest"', "image/digest"),
        ('image.sha="x"', "image"),
        ('receiptKey.file="x"', "receiptKey"),
        ('files=[{"name":"site"}]', "files/0"),
        ('files=[{"name":"site","secret":"a","configMap":"b"}]', "files/0"),
        ("autoscaling.enable=false", "autoscaling"),
        ("autoscaling.minReplicas=7", "autoscaling.maxReplicas is less"),
        ('service.type="LoadBalancer"', "service"),
        ("podDisruptionBudget.min=1", "podDisruptionBudget"),
        ("fhir.base=[]", "fhir"),
        (
            'fhir.bases=[{"base":"https://a.example/r4,https://b.example/r4","port":443,"to":[{"ipBlock":{"cidr":"192.0.2.1/32"}}]}]',
            "fhir/bases/0/base",
        ),
        ('postgresql.to=[{"ipBlock":{"cidr":"192.0.2.1"}}]', "postgresql/to/0/ipBlock/cidr"),
        ('postgresql.to=[{"ipblock":{"cidr":"192.0.2.1/32"}}]', "postgresql/to/0"),
        ("ingressFrom=[{}]", "ingressFrom/0"),
        ("ingressFrom=null", "ingressFrom"),
        ("redis=null", "redis"),
        ("preStopSeconds=25", "terminationGracePeriodSeconds: preStopSeconds"),
    ],
)
def test_values_that_would_open_or_break_it_are_refused(helm, changed, told):
    done = run(helm, "template", "x", CHART, "--kube-version", "1.34.0", "--values", SITE, "--set-json", changed)
    assert done.returncode != 0
    assert told.replace("/", ".") in done.stderr.replace("/", ".").replace("..", ".")


# --- systemd ----------------------------------------------------------------------------------------------------------


def test_systemd_takes_the_unit_as_it_is(tmp_path):
    told = UNIT.read_text(encoding="utf-8").replace("/opt/osteocds/bin/osteocds", "/bin/true")
    (tmp_path / UNIT.name).write_text(told, encoding="utf-8")
    analyze = required("systemd-analyze", r"systemd (\d+)", at_least=250, option="--version")
    done = run(analyze, "verify", tmp_path / UNIT.name)
    assert (done.returncode, done.stderr) == (0, "")


def test_systemd_finds_the_unit_hardened():
    analyze = required("systemd-analyze", r"systemd (\d+)", at_least=250, option="--version")
    done = run(analyze, "security", "--offline=yes", "--threshold=15", "--no-pager", UNIT)
    assert done.returncode == 0, done.stdout
    exposure = re.search(r"exposure level for osteocds.service: ([\d.]+)", done.stdout)
    assert exposure
    assert float(exposure[1]) <= 1.5


def confined() -> list[str | Path]:
    """What runs a command under the unit's filter of system calls."""
    required("systemd-analyze", r"systemd (\d+)", at_least=250, option="--version")
    return [sys.executable, Path(__file__).parents[1] / "support/confined.py", UNIT]


@pytest.mark.parametrize(
    ("attempt", "refused"),
    [
        pytest.param("import socket; socket.socket(socket.AF_NETLINK)", True, id="a socket of another family"),
        pytest.param("import mmap; mmap.mmap(-1, 4096, prot=7)", True, id="memory that is written and run"),
        pytest.param("import os; os.setuid(0)", True, id="another user"),
        pytest.param("import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))", True, id="to go first"),
        pytest.param("import socket; socket.socketpair()", False, id="its own processes"),
        pytest.param("import os; os.nice(1)", False, id="to let others go first"),
        pytest.param("import os; os.sched_setaffinity(0, {0})", False, id="to keep to one processor"),
    ],
)
def test_the_unit_refuses_what_the_service_does_not_do(attempt, refused):
    done = run(*confined(), sys.executable, "-c", attempt)
    assert (done.returncode != 0) is refused, done.stderr
    assert ("PermissionError" in done.stderr) is refused


@pytest.mark.parametrize(
    "without", ["", "SystemCallFilter=setpriority sched_setaffinity\n"], ids=["as it is", "where none may choose"]
)
def test_the_service_answers_under_the_unit_and_a_worker_that_died_is_replaced_there(tmp_path, without):
    unit = tmp_path / UNIT.name
    told = UNIT.read_text(encoding="utf-8")
    assert without in told
    unit.write_text(told.replace(without, "") if without else told, encoding="utf-8")
    under = [*confined()[:-1], unit]
    with osteocds_serve(tmp_path, *under, OSTEOCDS_ALLOW_UNAUTHENTICATED="1", OSTEOCDS_WORKERS="1") as base:
        (worker,) = workers_that_started(tmp_path)
        os.kill(worker, signal.SIGKILL)
        until = time.monotonic() + 60
        while len(workers_that_started(tmp_path)) < 2:
            assert time.monotonic() < until, "no other took its place"
            time.sleep(0.05)
        answer = requests.get(f"{base}/cds-services", timeout=60)
    assert answer.status_code == 200


def workers_that_started(folder: Path) -> list[int]:
    told = (folder / "log").read_text(encoding="utf-8")
    return [int(number) for number in re.findall(r"worker process \[(\d+)\] has started", told)]
