"""The real FHIR R4 servers of the integration tests: each a context manager that gives a base on 127.0.0.1.

Three minds: HAPI's JPA server (Java), sekmet-fhir (Python, the demo's), Medplum's in-memory repository (TypeScript,
which wants typed references, sorts dates as text and gives no `next` links). What a server writes is appended to the
`log` that it is given.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from support.programs import build, npm_packages, older, required

from service.demo.embedded_fhir import embedded_fhir, free_port, running

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

# What halves HAPI's start: no optimising compiler, the simplest collector.
HAPI_JVM_OPTIONS = (
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Xmx1g",
    "-Xlog:disable",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)


def sekmet(log: Path | None = None) -> AbstractContextManager[str]:
    """Run sekmet-fhir as the demo does, from the environment that `make install` makes."""
    return embedded_fhir(ROOT / ".venv-sekmet" / "bin" / "sekmet", log=log)


@contextmanager
def hapi(log: Path | None = None) -> Iterator[str]:
    """Run HAPI's JPA server with its database in memory: up in some 20 s, in some 12 s from the second run on."""
    java = required("java", r'version "(\d+)', at_least=17, option="-version")
    home = HERE / "hapi"
    class_path = hapi_class_path(home)
    port = free_port()
    base = f"http://127.0.0.1:{port}/fhir"
    command = [
        java,
        *HAPI_JVM_OPTIONS,
        *_class_data_sharing(home / "target" / "classes.jsa"),
        "-cp",
        class_path,
        "HapiForTests",
        str(port),
    ]
    # Writing the class data takes the first run 15 s at its end.
    with running(command, base, start_seconds=180, stop_seconds=60, log=log):
        yield base


@contextmanager
def medplum(log: Path | None = None) -> Iterator[str]:
    """Run Medplum's router and in-memory repository behind the HTTP of `medplum/serve.mjs`."""
    with medplum_process(log) as (base, _process):
        yield base


@contextmanager
def medplum_process(log: Path | None = None) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run `medplum` and give its process too, for a test that kills it."""
    node = required("node", r"v(\d+)", at_least=20, option="--version")
    home = HERE / "medplum"
    npm_packages(home)
    port = free_port()
    base = f"http://127.0.0.1:{port}/fhir"
    with running([node, str(home / "serve.mjs"), str(port)], base, start_seconds=60, log=log) as process:
        yield base, process


def hapi_class_path(home: Path) -> str:
    """Compile the server's one class and name it with all that it needs, by Maven, when that is not already done."""
    ours = home / "target" / "hapi-for-tests.jar"
    theirs = home / "target" / "classpath"
    if older(theirs, home / "pom.xml", home / "src/main/java/HapiForTests.java") or _gone(theirs):
        maven = required("mvn", r"Maven (\d+)", at_least=3, option="--version")
        shutil.rmtree(home / "target", ignore_errors=True)
        goals = ["compile", "jar:jar", "dependency:build-classpath", "-Dmdep.outputFile=target/classpath"]
        build([maven, "--quiet", "--batch-mode", *goals], home)
    return os.pathsep.join([str(ours), theirs.read_text()])


def _class_data_sharing(archive: Path) -> list[str]:
    """Have the JVM load its classes from an archive, or write that archive at its end where it will be used again."""
    if archive.exists():
        return [f"-XX:SharedArchiveFile={archive}"]
    if os.environ.get("CI") == "true":
        return []
    return [f"-XX:ArchiveClassesAtExit={archive}"]


def _gone(class_path: Path) -> bool:
    """Tell whether Maven's local repository has lost a jar since."""
    return not all(Path(jar).exists() for jar in class_path.read_text().split(os.pathsep))
