"""Camtrap DP packages that are written are accepted by frictionless, where those read are."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from camtrap_packages import (
    SHARED_FORMATS,
    SHARED_PACKAGES,
    make_box,
    make_descriptor,
    make_event,
    make_medium,
    make_observation,
    spell_table,
    write_package,
)
from pictures import NO_SHARED_IMAGES, REPOSITORY
from smartdownsample.formats.camtrap_dp import read_camtrap_dp

# frictionless has an environment of its own; in a work tree it may be that of another.
VALIDATORS = Path(os.environ.get("VALIDATORS_PYTHON", REPOSITORY / ".venv-validators/bin/python"))
SCHEMAS = SHARED_FORMATS / "tdwg+camtrap-dp"
# Schemas are taken from files, so that nothing is fetched.
VALIDATE = """
import json, sys
from pathlib import Path
from frictionless import Package
folder, schemas = map(Path, sys.argv[1:])
descriptor = json.loads((folder / "datapackage.json").read_text(encoding="utf-8-sig"))
descriptor["profile"] = "data-package"
for resource in descriptor["resources"]:
    schema = schemas / f"{resource['name']}-table-schema.json"
    if schema.exists():
        resource["schema"] = json.loads(schema.read_text())
report = Package.from_descriptor(descriptor, basepath=str(folder)).validate()
errors = [("", error.type) for error in report.errors]
for task in report.tasks:
    errors += [(task.name, error.type) for error in task.errors]
print(json.dumps(errors))
"""
pytestmark = [
    pytest.mark.skipif(not VALIDATORS.exists(), reason="frictionless is not in .venv-validators"),
    pytest.mark.skipif(not SCHEMAS.is_dir(), reason=NO_SHARED_IMAGES),
]


def validate(folder: Path, version: str) -> list[tuple[str, str]]:
    """Return table and kind of each error of a package."""
    command = [str(VALIDATORS), "-c", VALIDATE, str(folder), str(SCHEMAS / version)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [(table, kind) for table, kind in json.loads(output)]


@pytest.mark.parametrize("name", SHARED_PACKAGES)
def test_parts_of_real_packages_are_accepted(tmp_path: Path, name: str) -> None:
    """Where the package itself is not, its part has errors of the same kinds, and no others."""
    source = SHARED_FORMATS / name
    package = read_camtrap_dp(str(source))
    n = len(package.entries)
    before = validate(source, package.version)
    whole = write_package(tmp_path / "whole", package.reduce(np.arange(n)))
    assert validate(Path(whole), package.version) == before
    for number, chosen in enumerate((np.arange(0, n, 2), np.arange(1, n, 7), np.zeros(0, int))):
        part = write_package(tmp_path / f"{number}", package.reduce(chosen))
        assert {*validate(Path(part), package.version)} <= {*before}


@pytest.mark.parametrize("version", ["1.0", "1.0.1", "1.0.2"])
def test_parts_of_packages_without_errors_have_none(tmp_path: Path, version: str) -> None:
    """Sizes of tables that were written anew would be wrong, and are left out."""
    noon = "2024-05-01T12:00:00Z"
    tables = {
        "deployments": [
            {"deploymentID": "d1", "latitude": "5", "longitude": "6"}
            | {"deploymentStart": noon, "deploymentEnd": noon}
        ],
        "media": [make_medium(number, exifData='{"a": 1}') for number in range(6)],
        "observations": [
            *(make_observation(number, number, **make_box()) for number in range(6)),
            make_event(6, 0, 2, eventID="e1"),
            make_event(7, 3, 5, eventID="e2"),
        ],
    }
    descriptor = make_descriptor(version)
    files = {}
    for resource in descriptor["resources"]:
        schema = json.loads((SCHEMAS / version / Path(resource["schema"]).name).read_text())
        columns = [field["name"] for field in schema["fields"]]
        data = spell_table(columns, tables[resource["name"]], newline="\r\n")
        resource["bytes"] = len(data)
        files[resource["path"]] = data
    files["datapackage.json"] = json.dumps(descriptor).encode()
    source = write_package(tmp_path / "whole", files)
    assert validate(Path(source), version) == []
    part = write_package(
        tmp_path / "part", read_camtrap_dp(source).reduce(np.array([1, 4], np.int64))
    )
    assert validate(Path(part), version) == []
