"""What is handed over is whole, pinned and clean: the wheel, the lock files, the image, the compose file, the tree."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml
from under_one_name import CannotBeRenamed, project, renamed

from service.demo.embedded_fhir import INSTALL
from service.settings import SETTINGS

ROOT = Path(__file__).parents[2]
PACKAGES = ("cds_hooks", "mappings", "service")
LOCKS = sorted(path.name for path in ROOT.glob("*.lock"))
TOP_LEVEL = {
    *PACKAGES,
    *("tests", "docs", "deploy", "docker-compose.yml", "pyproject.toml", "README.md", "CHANGELOG.md"),
    *("Dockerfile", "LICENSE", "Makefile"),
    *LOCKS,
}
HIDDEN = {".ci", ".dockerignore", ".github", ".gitignore", ".pre-commit-config.yaml"}
MAKE_TARGETS = {"install", "demo", "run", "test", "bench"}

# What no file may name; this one has to.
REGISTRY = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.npmjs|registry\.yarnpkg|repo1?\.maven|crates\.io|proxy\.golang"
    r"|deb\.debian|docker\.io|gcr\.io|ghcr\.io|quay\.io"
)
MACHINE_PATH = re.compile(r"(?<![\w.\-/}])/(?:work|tmp|root|home|Users)/")


def run(*command: str | Path, **options) -> str:
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, **options
    ).stdout


@pytest.fixture(scope="module")
def tree() -> list[str]:
    """The files of the project: what git keeps, and what it would keep next."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    return sorted(name for name in set(listed.split("\0")) if name and (ROOT / name).exists())


# --- the wheel --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tree, tmp_path_factory) -> Path:
    """The wheel that a clean checkout builds."""
    checkout, built = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("built")
    for name in tree:
        if name.split("/")[0] in {*PACKAGES, "deploy", "pyproject.toml", "README.md", "LICENSE"}:
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, checkout / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"]
    run(*pip, "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", built, checkout)
    (path,) = built.iterdir()
    return path


def test_the_wheel_holds_every_file_of_the_packages_under_one_name_and_nothing_else(wheel, tree):
    with ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == {"osteocds/__init__.py", *(f"osteocds/{name}" for name in tree if name.split("/")[0] in PACKAGES)}


@pytest.mark.parametrize(
    "kind",
    [
        "service/edge/templates/*.html",
        "service/edge/static/*",
        "service/languages/*.po",
        "service/rules/bone_metastases/catalogue.*.md",
        "service/rules/bone_metastases/*.po",
        "service/rules/bone_metastases/examples/*.yaml",
        "mappings/vocabulary/valuesets/*.csv",
    ],
)
def test_what_is_no_code_is_in_the_wheel_too(wheel, kind):
    with ZipFile(wheel) as archive:
        assert [name for name in archive.namelist() if Path(name).match(kind)]


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The programs of a fresh environment that holds the wheel, our dependencies, and packages of others with our names."""
    home = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", "--without-pip", home)
    python = home / "bin/python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python, "install", "--quiet"]
    run(*pip, "--no-deps", "--no-index", wheel)
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    for name in PACKAGES:
        (site / name).mkdir()
        (site / name / "__init__.py").write_text('said = "I am another\'s"\n', encoding="utf-8")
    return home / "bin"


def in_the_environment(installed: Path, *command: str | Path, cwd: Path, **settings: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OSTEOCDS_", "PYTHON"))}
    return run(installed / command[0], *command[1:], cwd=cwd, env=environment | settings)


def test_the_service_runs_from_the_wheel_beside_packages_of_others_with_our_names(installed, tmp_path):
    script = """
import json, cds_hooks, mappings, service, osteocds.service
from osteocds.service.edge.app import create_app
from osteocds.service.settings import read_settings
client = create_app(read_settings({"OSTEOCDS_DATABASE_URL": "sqlite://"})).test_client()
paths = ["/", "/catalogue", "/catalogue?lang=fr", "/questionnaires/mirels", "/cds-services", "/static/pages.css"]
others = [one.said for one in (cds_hooks, mappings, service)]
print(json.dumps([osteocds.service.__file__, others, {path: client.get(path).status_code for path in paths}]))
"""
    where, others, answers = json.loads(in_the_environment(installed, "python", "-c", script, cwd=tmp_path))
    assert Path(where).is_relative_to(installed.parent)
    assert others == ["I am another's"] * 3
    assert set(answers.values()) == {200}


def test_from_the_wheel_the_commands_speak_both_languages_and_migrate_a_database(installed, tmp_path):
    def osteocds(*arguments: str | Path) -> str:
        return in_the_environment(
            installed,
            "osteocds",
            *arguments,
            cwd=tmp_path,
            OSTEOCDS_DATABASE_URL=f"sqlite:///{tmp_path}/ledger.sqlite3",
        )

    request = ROOT / "docs/examples/order.json"
    assert osteocds("check", "--language", "fr", request) != osteocds("check", request) != ""
    assert "up to date" in osteocds("migrate")
    assert osteocds("report", "overrides", "--csv").startswith("rule,")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert osteocds("--version").split() == ["osteocds", version]


def test_the_demo_of_the_wheel_serves_its_patients_and_prints_cards(installed, tmp_path):
    sekmet = ROOT / ".venv-sekmet/bin/sekmet"
    said = in_the_environment(installed, "osteocds", "demo", "--fhir-server", sekmet, cwd=tmp_path)
    assert "/cds-services" in said
    assert "CRITICAL" in said.upper()


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("from service.edge import app", "from osteocds.service.edge import app"),
        ("from service import (\n    cli,\n)", "from osteocds.service import (\n    cli,\n)"),
        ("import service", "import osteocds.service as service"),
        (
            "import os, mappings, cds_hooks as protocol",
            "import os, osteocds.mappings as mappings, osteocds.cds_hooks as protocol",
        ),
        ("é = 1; from mappings import x", "é = 1; from osteocds.mappings import x"),
        ("from services import x", "from services import x"),
        ("from . import service", "from . import service"),
        ("'service.name'", "'service.name'"),
    ],
)
def test_an_import_of_ours_is_renamed_where_it_stands(here, there):
    assert renamed(here.encode(), "x.py", frozenset({"service", "service.cli"})).decode() == there


@pytest.mark.parametrize("line", ["import service.cli", "x = 'service.cli'", "x = 'service.cli:main'"])
def test_what_cannot_be_renamed_stops_the_build(line):
    with pytest.raises(CannotBeRenamed, match=r"x\.py:1: "):
        renamed(line.encode(), "x.py", frozenset({"service", "service.cli"}))


def test_a_project_file_that_has_changed_its_form_stops_the_build():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(project(text))["project"]["scripts"] == {"osteocds": "osteocds.service.__main__:main"}
    with pytest.raises(CannotBeRenamed, match=r"pyproject\.toml"):
        project(text.replace("backend-path", "path"))


# --- locks ------------------------------------------------------------------------------------------------------------


def test_there_is_a_lock_for_the_service_its_build_its_development_and_the_demo():
    assert set(LOCKS) == {f"requirements{kind}.lock" for kind in ("", "-build", "-dev", "-load", "-sekmet", "-spark")}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_each_requirement_with_hashes_and_names_no_address(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    requirements = [part for part in re.split(r"\n(?![ \t])", text.strip()) if not part.startswith("#")]
    assert requirements
    for requirement in requirements:
        assert re.match(r"[\w.\-]+==[\w.]+( ;[^\\]+)? \\\n    --hash=sha256:[0-9a-f]{64}", requirement), requirement
    assert not re.search(r"://|--(?:extra-)?index|--find-links|--trusted-host", text)


def test_the_lock_of_the_service_is_a_part_of_the_lock_of_its_development():
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^[\w.\-]+==[\w.]+", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))

    assert pins("requirements.lock") | pins("requirements-build.lock") <= pins("requirements-dev.lock")


def test_every_dependency_that_is_declared_is_locked():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = declared["dependency-groups"]
    optional = declared["project"]["optional-dependencies"]
    spark, proofs = optional.pop("spark"), optional.pop("proofs")
    extras = [one for extra in optional.values() for one in extra]
    wanted = {
        "requirements.lock": [*declared["project"]["dependencies"], *extras],
        "requirements-build.lock": groups["build"],
        "requirements-dev.lock": [*declared["project"]["dependencies"], *groups["test"], *groups["lint"], *proofs],
        "requirements-load.lock": groups["load"],
        "requirements-sekmet.lock": groups["fhir-server"],
        "requirements-spark.lock": [*declared["project"]["dependencies"], *spark],
    }
    for lock, requirements in wanted.items():
        locked = set(re.findall(r"^([\w.\-]+)==", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))
        names = {re.split(r"[^\w.\-]", one)[0].replace(".", "-") for one in requirements}
        assert names <= {one.replace(".", "-") for one in locked}, lock


def test_the_fhir_server_that_a_person_is_told_to_install_is_the_one_that_is_locked():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert declared["dependency-groups"]["fhir-server"] == [INSTALL.rpartition(" ")[2]]


def test_what_is_vendored_names_its_version_and_brings_its_licence():
    said = (ROOT / "service/edge/static/swagger-ui.LICENSE.txt").read_text(encoding="utf-8")
    assert re.search(r"swagger-ui-dist \d+\.\d+\.\d+, unchanged", said)
    assert "Apache License" in said


@pytest.mark.parametrize("home", ["integration/medplum", "integration/helm", "accessibility"])
def test_the_packages_of_node_are_locked_with_hashes_and_without_addresses(home):
    lock = json.loads((ROOT / "tests" / home / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not any("resolved" in package for package in packages.values())


# --- the image --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dockerfile() -> list[tuple[str, str]]:
    """The Dockerfile as instructions with their arguments."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    whole = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", "")
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in whole.splitlines() if line]


def arguments(dockerfile, name: str) -> list[str]:
    return [told for instruction, told in dockerfile if instruction == name]


def test_the_image_is_made_in_two_stages_on_one_pinned_slim_python(dockerfile):
    assert [told.split(" ")[0] for told in arguments(dockerfile, "FROM")] == ["${PYTHON_IMAGE}"] * 2
    (base,) = arguments(dockerfile, "ARG")
    assert re.fullmatch(r"PYTHON_IMAGE=python:3\.\d+\.\d+-slim-\w+", base)


def test_the_image_installs_only_what_is_locked(dockerfile):
    installs = [part for told in arguments(dockerfile, "RUN") for part in told.split("&&") if "pip install" in part]
    assert len(installs) == 3
    assert all("--require-hashes" in part or "--no-index" in part for part in installs)


def test_the_image_runs_the_service_as_a_user_without_rights(dockerfile):
    final = dockerfile[[name for name, _ in dockerfile].index("FROM", 1) :]
    assert [told for name, told in final if name == "USER"] == ["10001"]
    names = [name for name, _ in final]
    assert not {"RUN", "COPY", "ADD"} & set(names[names.index("USER") :]), "nothing is done as this user but serve"
    assert [json.loads(told) for name, told in final if name == "CMD"] == [["osteocds", "serve"]]
    assert arguments(final, "EXPOSE") == ["8080"]


def test_the_health_check_of_the_image_asks_the_service_whether_it_is_ready(dockerfile):
    (told,) = arguments(dockerfile, "HEALTHCHECK")
    program, option, script = json.loads(told.partition("CMD ")[2])
    assert (program, option) == ("python", "-c")
    compile(script, "HEALTHCHECK", "exec")
    assert "/health/ready" in script


def test_the_image_is_built_from_what_the_context_lets_through_and_nothing_else(dockerfile):
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    copied = {
        source
        for told in arguments(dockerfile, "COPY")
        if not told.startswith("--from")
        for source in told.split(" ")[:-1]
    }
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == copied


# --- compose ----------------------------------------------------------------------------------------------------------

AS_WRITTEN = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
OF_A_SETTING = re.compile(r"\$\{(\w+):-([^}]+)\}")
"""What compose takes from the environment, and what it takes where nothing is said."""

COMPOSED = yaml.safe_load(OF_A_SETTING.sub(r"\2", AS_WRITTEN))
SERVICES: dict[str, dict] = COMPOSED["services"]
REPLICAS = ("osteocds-a", "osteocds-b")
OURS = (*REPLICAS, "migrated", "certificate", "patients")
THEIRS = {"nginx", "postgresql", "redis", "fhir", "prometheus", "grafana"}


def test_compose_brings_two_replicas_and_all_that_they_need_pinned():
    assert set(SERVICES) == {*OURS, *THEIRS}
    assert {SERVICES[name]["build"]["context"] for name in OURS} == {"."}
    assert len({SERVICES[name]["image"] for name in OURS}) == 1
    assert SERVICES["osteocds-a"] == SERVICES["osteocds-b"]
    for name in THEIRS:
        assert re.fullmatch(r"[\w/-]+:v?\d+\.\d+(?:\.\d+)?(?:-\w+)?", SERVICES[name]["image"]), name


def test_each_image_of_a_version_can_be_held_to_one_content():
    lines = (ROOT / "deploy/images.env").read_text(encoding="utf-8").splitlines()
    held = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    by_version = dict(OF_A_SETTING.findall(AS_WRITTEN))
    assert {name: image.partition("@")[0] for name, image in held.items()} == by_version
    assert all(re.fullmatch(r"[^@]+@sha256:[0-9a-f]{64}", image) for image in held.values())
    assert by_version["PYTHON_IMAGE"] in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    by_version_alone = {name for name in THEIRS if f"image: {SERVICES[name]['image']}\n" in AS_WRITTEN}
    assert by_version_alone == {"fhir"}, "that one holds synthetic patients, to try the service out"


def test_who_watches_is_a_choice():
    assert {name for name, service in SERVICES.items() if service.get("profiles") == ["watch"]} == {
        "prometheus",
        "grafana",
    }


def test_the_fhir_server_of_compose_is_the_version_of_the_integration_tests():
    pom = (ROOT / "tests/integration/hapi/pom.xml").read_text(encoding="utf-8")
    version = re.search(r"<hapi\.version>(.+)</hapi\.version>", pom)
    assert version
    assert SERVICES["fhir"]["image"].partition(":v")[2].partition("-")[0] == version.group(1)


def test_compose_publishes_ports_on_loopback_only_and_none_of_the_stores():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"nginx", "fhir", "prometheus", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert COMPOSED["networks"] == {"default": {}, "stores": {"internal": True}}
    assert {name for name in SERVICES if SERVICES[name].get("networks") == ["stores"]} == {
        "postgresql",
        "redis",
        "migrated",
    }


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_of_compose_has_no_rights_and_bounded_memory_processes_and_log(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "pid", "ipc", "network_mode", "devices"} & service.keys()
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert 0 < service["pids_limit"] <= 1024
    assert re.fullmatch(r"\d+m", service["logging"]["options"]["max-size"])
    assert int(service["logging"]["options"]["max-file"]) > 0
    assert all(re.fullmatch(r"/[\w/]+:size=\d+m(?:,mode=1777)?", one) for one in service["tmpfs"])


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_files_of_the_repository_are_mounted_read_only_and_there(name):
    mounted = [one for one in SERVICES[name].get("volumes", ()) if one.startswith(".")]
    for one in mounted:
        source, _target, rights = one.split(":")
        assert rights == "ro"
        assert (ROOT / source).exists()
    named = {one.split(":")[0] for one in SERVICES[name].get("volumes", ()) if not one.startswith(".")}
    assert named <= COMPOSED["volumes"].keys()


@pytest.mark.parametrize("name", REPLICAS)
def test_in_compose_a_replica_reads_the_fhir_server_that_holds_the_patients_and_starts_after_the_migration(name):
    base = SERVICES[name]["environment"]["OSTEOCDS_FHIR_BASES"]
    assert base == "http://fhir:8080/fhir"
    command = SERVICES["patients"]["command"]
    assert command[:2] == ["osteocds", "load-demo-patients"]
    assert command[-1] == base
    assert SERVICES["migrated"]["command"] == ["osteocds", "migrate"]
    assert SERVICES[name]["depends_on"]["migrated"] == {"condition": "service_completed_successfully"}
    assert SERVICES[name]["environment"].keys() <= {setting.name for setting in SETTINGS}


def test_nginx_asks_both_replicas_holds_bodies_of_our_size_and_shows_no_metrics():
    written = (ROOT / "deploy/nginx/nginx.conf").read_text(encoding="utf-8")
    assert re.findall(r"^ +server ([\w-]+):8080 ", written, re.MULTILINE) == list(REPLICAS)
    defaults = {setting.name: setting.default for setting in SETTINGS}
    assert f"client_max_body_size {defaults['OSTEOCDS_MAX_REQUEST_BYTES']};" in written
    assert re.search(r"location = /metrics {\s+return 404;", written)
    assert "access_log off;" in written


def test_prometheus_asks_each_replica_by_itself():
    written = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))
    (job,) = written["scrape_configs"]
    assert job["dns_sd_configs"][0]["names"] == list(REPLICAS)


# --- the tree ---------------------------------------------------------------------------------------------------------


def test_the_top_level_holds_what_it_may_and_no_more(tree):
    found = {name.split("/")[0] for name in tree}
    assert {name for name in found if not name.startswith(".")} == TOP_LEVEL
    assert {name for name in found if name.startswith(".")} == HIDDEN


def test_no_file_names_a_registry_or_a_place_of_one_machine(tree):
    named = []
    for name in tree:
        text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
        named += [f"{name}: {found.group()}" for sought in (REGISTRY, MACHINE_PATH) for found in sought.finditer(text)]
    assert named == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see /" + "home/anna/x", True),
        ("'/" + "tmp/x'", True),
        ("GET /fhir/root/x", False),
        ("https://example.org/home/", False),
        ("{base}/work/", False),
    ],
)
def test_a_place_of_one_machine_is_an_absolute_path(text, found):
    assert bool(MACHINE_PATH.search(text)) is found


def test_the_make_targets_that_others_rely_on_are_there():
    for target in MAKE_TARGETS:
        assert run("make", "--dry-run", "--no-print-directory", target, cwd=ROOT)


def test_make_says_what_each_of_its_targets_does():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony
    said = dict(
        re.findall(r"^  make (\w+) +(.+)$", run("make", "--no-print-directory", "help", cwd=ROOT), re.MULTILINE)
    )
    assert list(said) == phony[1].split()
    assert all(len(words) < 120 for words in said.values())


def test_the_hooks_of_commits_are_local_and_run_what_make_installs():
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert repository["repo"] == "local"
    assert [hook["id"] for hook in repository["hooks"]] == ["ruff", "format", "mypy", "messages"]
    for hook in repository["hooks"]:
        assert hook["language"] == "system"
        assert hook["entry"].startswith((".venv/bin/", "make "))


def test_ci_runs_every_test():
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    run("bash", "-n", script)
    lines = script.read_text(encoding="utf-8").splitlines()
    assert "export CI=true" in lines
    assert "make --no-print-directory test" in lines
