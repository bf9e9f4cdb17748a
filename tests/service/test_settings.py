"""Every setting is read from its variable, a wrong value is named, and the README lists them all."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import main
from service.guidelines import GUIDELINES
from service.settings import SETTINGS, InvalidSetting, read_settings
from service.world import World

README = Path(__file__).parents[2] / "README.md"
NAMES = [setting.name for setting in SETTINGS]

OTHER = {
    "OSTEOCDS_HOST": "0.0.0.0",  # noqa: S104 - read, not listened on
    "OSTEOCDS_PORT": "9000",
    "OSTEOCDS_WORKERS": "5",
    "OSTEOCDS_THREADS": "3",
    "OSTEOCDS_WAITING": "4",
    "OSTEOCDS_FHIR_BASES": "https://ehr.example.org/fhir, http://127.0.0.1:8080/fhir",
    "OSTEOCDS_CLIENTS": "clients.toml",
    "OSTEOCDS_ALLOW_UNAUTHENTICATED": "1",
    "OSTEOCDS_OPEN_PAGES": "0",
    "OSTEOCDS_DATABASE_URL": "sqlite:///elsewhere.sqlite3",
    "OSTEOCDS_REDIS_URL": "redis://127.0.0.1:6379/0",
    "OSTEOCDS_UNCHECKED_TOKENS": "allow",
    "OSTEOCDS_TRY": "1",
    "OSTEOCDS_DEMO_FHIR_PORT": "8091",
    "OSTEOCDS_LEDGER_KEEPS": "facts, requests",
    "OSTEOCDS_PATIENT_KEY": "patient.key",
    "OSTEOCDS_RECEIPT_KEY": "receipt.pem",
    "OSTEOCDS_OPERATOR_KEY": "operator.key",
    "OSTEOCDS_RETENTION_DAYS": "365",
    "OSTEOCDS_LANGUAGE": "fr",
    "OSTEOCDS_TIMEZONE": "America/Martinique",
    "OSTEOCDS_DEADLINE_SECONDS": "0.8",
    "OSTEOCDS_SPLIT_SERVICES": "1",
    "OSTEOCDS_SELECTION_BEHAVIOR": "at-most-one",
    "OSTEOCDS_SINGLE_ACTION": "1",
    "OSTEOCDS_MAX_CARDS": "3",
    "OSTEOCDS_EXPLAIN": "1",
    "OSTEOCDS_PUBLIC_URL": "https://cds.example.org",
    "OSTEOCDS_MISSING_RESOURCE_TYPES": "ImagingStudy, MedicationStatement",
    "OSTEOCDS_CA_BUNDLE": "authority.pem",
    "OSTEOCDS_CONCEPT_MAPS": "local.json, other.json",
    "OSTEOCDS_CLINICAL_SETTINGS": "clinical.toml",
    "OSTEOCDS_CORS_ORIGINS": "https://browser.example.org",
    "OSTEOCDS_MAX_RESOURCES": "50",
    "OSTEOCDS_PINNED": "0",
    "OSTEOCDS_MAX_REQUEST_BYTES": "2000000",
    "OSTEOCDS_LOG_JSON": "1",
    "OSTEOCDS_LOG_LEVEL": "debug",
    "OSTEOCDS_ACCESS_LOG": "1",
    "OSTEOCDS_TRACES": "1",
}
"""For each variable a value that is not its default."""

WRONG = [
    ("OSTEOCDS_HOST", ""),
    *(("OSTEOCDS_PORT", value) for value in ("", "http", "-1", "65536", "80.5")),
    *(("OSTEOCDS_WORKERS", value) for value in ("", "0", "-2", "many", "1.5")),
    *(("OSTEOCDS_THREADS", value) for value in ("", "0", "x")),
    *(("OSTEOCDS_ALLOW_UNAUTHENTICATED", value) for value in ("2", "maybe", "on off")),
    *(("OSTEOCDS_OPEN_PAGES", value) for value in ("2", "x")),
    *(("OSTEOCDS_TRY", value) for value in ("2", "x")),
    *(("OSTEOCDS_DEMO_FHIR_PORT", value) for value in ("", "x", "65536")),
    *(("OSTEOCDS_LANGUAGE", value) for value in ("", "de", "french", "FR")),
    *(("OSTEOCDS_TIMEZONE", value) for value in ("", "Paris", "Europe", "../../etc/passwd", "GMT+25")),
    *(("OSTEOCDS_DEADLINE_SECONDS", value) for value in ("", "0", "-1", "nan", "inf", "3s", "1e9")),
    *(("OSTEOCDS_SPLIT_SERVICES", value) for value in ("2", "x")),
    *(("OSTEOCDS_SELECTION_BEHAVIOR", value) for value in ("", "all", "ANY")),
    *(("OSTEOCDS_SINGLE_ACTION", value) for value in ("2", "x")),
    ("OSTEOCDS_CLINICAL_SETTINGS", "/nowhere/clinical.toml"),
    ("OSTEOCDS_CLIENTS", "/nowhere/clients.toml"),
    ("OSTEOCDS_PUBLIC_URL", "http://my_host:8080"),
    ("OSTEOCDS_LEDGER_KEEPS", "facts, names"),
    ("OSTEOCDS_UNCHECKED_TOKENS", "perhaps"),
    ("OSTEOCDS_PATIENT_KEY", "/nowhere/patient.key"),
    ("OSTEOCDS_RECEIPT_KEY", "/nowhere/receipt.pem"),
    ("OSTEOCDS_OPERATOR_KEY", "/nowhere/operator.key"),
    *(("OSTEOCDS_RETENTION_DAYS", value) for value in ("0", "-1", "a year")),
    *(
        ("OSTEOCDS_CORS_ORIGINS", value)
        for value in (
            "browser.example.org",
            "https://*.example.org",
            "https://x.example.org/",
            ".*",
            "null",
            "https://a b",
        )
    ),
    *(("OSTEOCDS_MAX_REQUEST_BYTES", value) for value in ("", "0", "10MB")),
    *(("OSTEOCDS_LOG_LEVEL", value) for value in ("", "trace", "INFO")),
    *(("OSTEOCDS_PINNED", value) for value in ("2", "x")),
    *(("OSTEOCDS_ACCESS_LOG", value) for value in ("2", "x")),
    *(("OSTEOCDS_TRACES", value) for value in ("2", "x")),
]


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_of_the_table_is_read(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clinical.toml").write_text("vitamin_d_valid_days = 90\n")
    for file in ("authority.pem", "clients.toml", "patient.key", "receipt.pem", "operator.key"):
        (tmp_path / file).touch()
    needed = {"OSTEOCDS_ALLOW_UNAUTHENTICATED": "1"} if name == "OSTEOCDS_TRY" else {}
    assert read_settings({**needed, name: OTHER[name]}) != read_settings(needed)


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("OSTEOCDS_CLIENT", "OSTEOCDS_CLIENTS"),
        ("OSTEOCDS_FHIR_BASE", "OSTEOCDS_FHIR_BASES"),
        ("OSTEOCDS_LANGAGE", "OSTEOCDS_LANGUAGE"),
        ("OSTEOCDS_DEADLINE", "OSTEOCDS_DEADLINE_SECONDS"),
        ("OSTEOCDS_WORKER_PROCESSES", "OSTEOCDS_WORKERS"),
        ("osteocds_port", "OSTEOCDS_PORT"),
        ("OSTECDS_PORT", "OSTEOCDS_PORT"),
        ("OSTEOCDS-PORT", "OSTEOCDS_PORT"),
    ],
)
def test_a_misspelt_variable_is_told_with_the_nearest_name(misspelt, meant):
    with pytest.raises(InvalidSetting, match=f"^{misspelt} is no setting; is it {meant}\\?$"):
        read_settings({misspelt: "x"})


def test_a_variable_of_another_program_is_none_of_ours():
    assert read_settings({"PATH": "/bin", "OPENBLAS_CORETYPE": "x", "OSTYPE": "linux", "TEST_FHIR_BASE": "x"})


def test_by_default_only_clients_are_served_and_no_page_of_a_browser():
    settings = read_settings({})
    assert (settings.allow_unauthenticated, settings.open_pages, settings.cors_origins) == (False, True, ())


def test_without_variables_the_defaults_of_the_table_hold():
    assert read_settings({}) == read_settings({setting.name: setting.default for setting in SETTINGS})


def test_by_default_the_service_listens_on_loopback_and_calls_nobody():
    settings = read_settings({})
    assert settings.host == "127.0.0.1"
    assert settings.fhir_bases == ()


@pytest.mark.parametrize(("name", "value"), WRONG, ids=lambda value: value or "empty")
def test_a_wrong_value_is_named_with_its_variable_and_what_that_takes(name, value):
    with pytest.raises(InvalidSetting, match=rf"^{name} takes .+, not "):
        read_settings({name: value})


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('vitamin_d_valid_days = "90"', "vitamin_d_valid_days takes a whole number"),
        ("vitamin_d_valid_days = -1", "vitamin_d_valid_days takes a whole number"),
        ("vitamin_d_valid_days = true", "vitamin_d_valid_days takes a whole number"),
        ("vitamin_valid_days = 90", "vitamin_valid_days is no clinical setting; is it vitamin_d_valid_days?"),
        ("vitamin_d_valid_days = 90.5", "vitamin_d_valid_days takes a whole number"),
        ('low_phosphate_below = "0.9"', "low_phosphate_below takes a number within its limits"),
        ("low_phosphate_below = -0.1", "low_phosphate_below takes a number within its limits"),
        ("low_phosphate_below = 5.1", "low_phosphate_below takes a number within its limits"),
        ("low_phosphate_below = nan", "low_phosphate_below takes a number within its limits"),
        ("low_phosphate_below = inf", "low_phosphate_below takes a number within its limits"),
        ("low_phosphate_below = true", "low_phosphate_below takes a number within its limits"),
    ],
)
def test_a_wrong_clinical_setting_is_named_with_its_file(line, says, tmp_path):
    path = tmp_path / "clinical.toml"
    path.write_text(line)
    with pytest.raises(InvalidSetting) as error:
        read_settings({"OSTEOCDS_CLINICAL_SETTINGS": str(path)})
    assert str(error.value) == f"{path}: {says}"


@pytest.mark.parametrize(("told", "figure"), [("0.85", "0.85"), ("1", "1"), ("0", "0"), ("5", "5"), ("5.0", "5.0")])
def test_a_clinical_setting_may_take_a_decimal_read_exactly(told, figure, tmp_path):
    path = tmp_path / "clinical.toml"
    path.write_text(f"low_phosphate_below = {told}\n")
    clinical = read_settings({"OSTEOCDS_CLINICAL_SETTINGS": str(path)}).clinical
    read = clinical["bone-metastases"].low_phosphate_below
    assert isinstance(read, Decimal)
    assert str(read) == figure


def test_clinical_settings_change_by_name_and_keep_the_others(tmp_path):
    path = tmp_path / "clinical.toml"
    path.write_text("vitamin_d_valid_days = 90\n")
    clinical = read_settings({"OSTEOCDS_CLINICAL_SETTINGS": str(path)}).clinical
    assert clinical["bone-metastases"].vitamin_d_valid_days == 90
    assert clinical["bone-metastases"].calcium_valid_days == GUIDELINES[0].settings.calcium_valid_days


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OSTEOCDS_FHIR_BASES", "ehr.example.org/fhir"),
        ("OSTEOCDS_DATABASE_URL", "mysql://user:s3cret@host/db"),
        ("OSTEOCDS_DATABASE_URL", "mongo://user:s3cret@host/db"),
        ("OSTEOCDS_CA_BUNDLE", "/nowhere/authority.pem"),
        ("OSTEOCDS_CONCEPT_MAPS", "/nowhere/map.json"),
        ("OSTEOCDS_PORT", "http"),
    ],
)
def test_the_command_says_in_one_line_what_is_wrong_and_shows_no_password(name, value):
    result = CliRunner().invoke(main, ["serve"], env={name: value})
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert "s3cret" not in result.output
    assert name in result.output or value in result.output


def test_the_world_of_a_request_holds_what_the_settings_say():
    settings = read_settings(
        {name: OTHER[name] for name in ("OSTEOCDS_FHIR_BASES", "OSTEOCDS_DEADLINE_SECONDS", "OSTEOCDS_SINGLE_ACTION")}
    )
    world = World.from_settings(settings)
    assert world.allowlist.base("http://127.0.0.1:8080/fhir") is not None
    assert (world.deadline_seconds, world.single_action) == (0.8, True)


def test_names_begin_alike_and_are_unique_and_each_is_explained():
    assert len(set(NAMES)) == len(NAMES)
    for setting in SETTINGS:
        assert setting.name.startswith("OSTEOCDS_")
        assert len(setting.help) > 10


def test_the_readme_lists_every_setting_with_its_default():
    readme = README.read_text(encoding="utf-8")
    assert [setting.name for setting in SETTINGS if f"`{setting.name}`" not in readme] == []
    rows = {line.split("|")[1].strip(" `"): line for line in readme.splitlines() if line.startswith("| `OSTEOCDS_")}
    assert [one.name for one in SETTINGS if one.name in rows and one.default not in rows[one.name]] == []
