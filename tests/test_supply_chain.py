"""What the project is built from and ships: pins, bill of materials, wheel and sdist."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from email import message_from_bytes
from functools import cache
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.version import Version

import dist
import ldn_titration
import locks
import sbom
from conftest import ROOT
from ldn_titration import __version__
from proofs import audit

PINS = sorted((ROOT / "requirements").glob("*.txt"))
FACES = ("pdf", "ical", "fhir", "notebook", "frames")
# A host, an index option or a folder of some machine; a URL of any kind.
ELSEWHERE = re.compile(r"://|--(extra-)?index-url|--find-links|--trusted-host|(^|\s)/\w+/|@ file:")
HOSTS = re.compile(
    r"py[p]i\.org|pythonhos[t]ed|regist[r]y\.\w+\.(org|com)|index-ur[l]\b.*\w\.\w|deb\.deb[i]an",
    re.IGNORECASE,
)


@cache
def pinned(name: str) -> list[locks.Entry]:
    return locks.entries((locks.REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8"))


def asked() -> list[tuple[str, str]]:
    """Each requirement of pyproject.toml with each file that must pin it."""
    project = locks.project()
    core, extras = project["project"]["dependencies"], project["project"]["optional-dependencies"]
    groups = project["dependency-groups"]
    files = {
        "runtime": [*core, *(each for extra in extras.values() for each in extra)],
        "dev": [*core, *extras["pdf"], *extras["ical"], *groups["dev"], *groups["build"]],
        "docs": groups["docs"],
        "bench": groups["bench"],
        "prove": groups["prove"],
        "oldest": [*core, *(each for extra in FACES for each in extras[extra])],
        "newest": [*core, *(each for extra in FACES for each in extras[extra])],
    }
    files["dev"] += project["build-system"]["requires"]
    return [
        (name, each)
        for name, requirements in files.items()
        for each in requirements
        if not each.startswith("ldn-titration")
    ]


@pytest.mark.parametrize(("name", "requirement"), asked())
def test_each_requirement_is_pinned_within_its_bounds(name: str, requirement: str) -> None:
    wanted = locks.requirement_name(requirement)
    found = [each.version for each in pinned(name) if each.name == wanted]
    assert found, f"requirements/{name}.txt lacks {wanted}: make pins"
    assert all(Requirement(requirement).specifier.contains(version) for version in found)


def test_the_oldest_are_the_lowest_that_pyproject_allows() -> None:
    project = locks.project()["project"]
    extras = project["optional-dependencies"]
    lowest = {
        locks.requirement_name(each): Version(re.split(r">=|,", each)[1])
        for each in [*project["dependencies"], *(one for face in FACES for one in extras[face])]
    }
    kept = {each.name: Version(each.version) for each in pinned("oldest")}
    assert {name: kept[name] for name in lowest} == lowest


def test_each_group_of_pyproject_is_pinned_somewhere() -> None:
    pins_itself = {"pins"}
    groups = set(locks.project()["dependency-groups"]) - pins_itself
    assert groups == {"dev", "build", "docs", "bench", "prove", "spark"}


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.name)
def test_each_pin_has_hashes_and_names_no_place(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "make pins" in text.splitlines()[0]
    assert not [line for line in text.splitlines() if ELSEWHERE.search(line)]
    for entry in locks.entries(text):
        assert entry.hashes, entry.name
        assert len(set(entry.hashes)) == len(entry.hashes)


def test_a_line_that_is_no_pin_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a pin: pydantic>=2"):
        locks.entries("# header\npydantic>=2\n")


def test_pins_installed_together_agree() -> None:
    for name in ("docs", "bench", "prove"):
        of_dev = {(each.name, each.marker): each.version for each in pinned("dev")}
        for each in pinned(name):
            assert of_dev.get((each.name, each.marker), each.version) == each.version


def committed() -> list[Path]:
    """The files of the project: what git knows, or all there is in an unpacked sdist."""
    if (ROOT / ".git").exists():  # pragma: no branch - what an unpacked sdist has not
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True
        )
        paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
        return [path for path in paths if path.is_file()]
    every = ROOT.rglob("*")  # pragma: no cover - what a checkout has not
    return [  # pragma: no cover
        path for path in every if path.is_file() and "__pycache__" not in path.parts
    ]


def texts(paths: list[Path]) -> dict[str, str]:
    found = {}
    for path in paths:
        data = path.read_bytes() if path.exists() else b""
        if b"\0" not in data:
            found[str(path.relative_to(ROOT))] = data.decode("utf-8")
    return found


def test_no_committed_file_names_a_registry() -> None:
    files = texts(committed())
    assert len(files) > 200
    assert HOSTS.search("https://py" + "pi.org/simple")
    assert not [name for name, text in files.items() if HOSTS.search(text)]


def test_what_builds_the_project_names_no_place() -> None:
    files = [*PINS, ROOT / "Makefile", ROOT / "pyproject.toml", *ROOT.glob(".ci/*")]
    named = texts([*files, *(ROOT / "requirements").glob("*.csv"), sbom.SBOM])
    assert not [name for name, text in named.items() if "://" in text]


# --- the bill of materials


def test_the_bill_of_materials_is_of_these_pins() -> None:
    written = sbom.SBOM.read_text(encoding="utf-8")
    assert sbom.main(["--check"]) == 0, "make sbom"
    bill = json.loads(written)
    assert {(each["name"], each["version"]) for each in bill["components"]} == {
        (each.name, each.version) for each in pinned("runtime")
    }
    assert bill["metadata"]["component"]["version"] == __version__
    assert "timestamp" not in written
    assert "serialNumber" not in written


def test_the_bill_of_materials_is_valid_cyclonedx() -> None:
    text = sbom.SBOM.read_text(encoding="utf-8")
    check = JsonStrictValidator(SchemaVersion.V1_6)
    assert check.validate_str(text) is None
    assert check.validate_str(text.replace('"bomFormat"', '"bomFormal"')) is not None


def test_each_component_says_its_licence_and_who_needs_it() -> None:
    bill = json.loads(sbom.SBOM.read_text(encoding="utf-8"))
    needed = {url for each in bill["dependencies"] for url in each["dependsOn"]}
    for component in bill["components"]:
        assert component["licenses"]
        assert component["bom-ref"] in needed, component["name"]
    (ours,) = (d for d in bill["dependencies"] if "ldn-titration" in d["ref"])
    names = {re.split("[/@]", url)[2 - 1] for url in ours["dependsOn"]}
    asked_for = {locks.requirement_name(each) for file, each in asked() if file == "runtime"}
    assert names == asked_for


def test_each_licence_is_known() -> None:
    with (locks.REQUIREMENTS / "licences.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert set(rows) == {each.name for each in pinned("runtime")}
    assert all(row["expression"] or row["words"] != "not said" for row in rows.values())


# --- wheel and sdist


@pytest.fixture(scope="module")
def two_builds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same files built twice: other folder, time zone, hash seed, umask and file times."""
    return (
        _build(tmp_path_factory.mktemp("one"), 0o022, TZ="UTC", PYTHONHASHSEED="1"),
        _build(tmp_path_factory.mktemp("second"), 0o077, TZ="Asia/Kathmandu", PYTHONHASHSEED="2"),
    )


def _build(folder: Path, umask: int, **environment: str) -> Path:
    tree, out = folder / "tree", folder / "out"
    before = os.umask(umask)
    try:
        for path in committed():
            copy = tree / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "--directory", str(out)],
            cwd=tree,
            env=os.environ | environment | {"SOURCE_DATE_EPOCH": "1800000000"},
            check=True,
            capture_output=True,
        )
    finally:
        os.umask(before)
    return out


def test_two_builds_are_equal_byte_by_byte(two_builds: tuple[Path, Path]) -> None:
    one, second = ({path.name: path.read_bytes() for path in out.iterdir()} for out in two_builds)
    assert set(one) == {
        f"ldn_titration-{__version__}-py3-none-any.whl",
        f"ldn_titration-{__version__}.tar.gz",
    }
    assert one == second


def test_the_wheel_holds_the_package_and_nothing_else(two_builds: tuple[Path, Path]) -> None:
    (wheel,) = two_builds[0].glob("*.whl")
    names = set(dist.contents(wheel))
    package = {
        str(path.relative_to(ROOT / "src"))
        for path in committed()
        if (ROOT / "src") in path.parents and path.exists()
    }
    info = f"ldn_titration-{__version__}.dist-info/"
    about = {
        *("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"),
        *("licenses/src/ldn_titration/render/fonts/OFL.txt", "sboms/ldn_titration.cdx.json"),
    }
    assert names == package | {info + name for name in about}
    assert dist.misplaced(wheel) == []
    for needed in ("py.typed", "knowledge/opioids.csv", "render/fonts/NotoSans-Regular.ttf"):
        assert f"ldn_titration/{needed}" in names


def test_the_wheel_says_what_it_is(two_builds: tuple[Path, Path]) -> None:
    (wheel,) = two_builds[0].glob("*.whl")
    info = f"ldn_titration-{__version__}.dist-info"
    with zipfile.ZipFile(wheel) as files:
        about = message_from_bytes(files.read(f"{info}/METADATA"))
        bill = files.read(f"{info}/sboms/ldn_titration.cdx.json")
    assert (about["Name"], about["Version"]) == ("ldn-titration", __version__)
    assert about["License-Expression"] == "Apache-2.0"
    assert about["Description-Content-Type"] == "text/markdown"
    assert bill == sbom.SBOM.read_bytes()


def test_the_sdist_holds_what_the_tests_need(two_builds: tuple[Path, Path]) -> None:
    (sdist,) = two_builds[0].glob("*.tar.gz")
    names = {name.partition("/")[2] for name in dist.contents(sdist)}
    assert {"tests/conftest.py", "requirements/dev.txt", "tools/pins.py", "Makefile"} <= names
    assert {"src/ldn_titration/py.typed", "examples/drops-18-weeks.json"} <= names
    assert dist.misplaced(sdist) == []


def test_what_is_stray_is_told(tmp_path: Path) -> None:
    wheel = tmp_path / "ldn_titration-1-py3-none-any.whl"
    stray = ["tests/test_plan.py", "ldn_titration/notes.bak", "ldn_titration/test_plan.py"]
    with zipfile.ZipFile(wheel, "w") as files:
        for name in ("ldn_titration/__init__.py", "ldn_titration-1.dist-info/RECORD", *stray):
            files.writestr(name, "")
    assert dist.misplaced(wheel) == sorted(stray)


def test_what_is_imported_is_what_is_to_be_tested() -> None:
    """``make release-check`` names its environment; elsewhere it is this source tree."""
    place = Path(os.environ.get("LDN_TESTED_FROM", str(ROOT / "src")))
    assert Path(ldn_titration.__file__).is_relative_to(place)


def test_an_audit_that_asked_nobody_is_not_met() -> None:
    skipped = {"name": "pint", "skip_reason": "could not be asked"}
    asked = {"name": "pint", "version": "0.25", "vulns": []}
    advised = {"name": "pint", "version": "0.25", "vulns": [{"id": "X-1"}]}
    cases = [([], False), ([skipped], False), ([asked], True), ([advised], False)]
    for dependencies, met in cases:
        result = audit.judged("runtime", {"pint"}, {"dependencies": dependencies}, "")
        assert result.met is met
    assert "not audited" in audit.judged("runtime", {"pint"}, {}, "").figure
    assert not audit.judged("dev", {"pint", "numpy"}, {"dependencies": [asked]}, "").met
