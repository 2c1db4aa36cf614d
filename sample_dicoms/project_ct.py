"""Project the CT of the TotalSegmentator test files to a lateral radiograph.

A point source stands 1,200 mm from the detector, the mid-line of the patient 200 mm. The detector
sees exp(-sum(mu)). Rays are computed
in magnified planes: each sagittal slice is scaled by its own magnification, which is exact for a
flat detector parallel to the slices.

    python sample_dicoms/project_ct.py CT.nii.gz OUT.npy
"""

from __future__ import annotations

import gzip
import struct
import sys
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates, spline_filter

SOURCE_TO_DETECTOR_MM = 1200.0
PATIENT_TO_DETECTOR_MM = 200.0
DETECTOR_PIXEL_MM = 0.5
BONE_GAIN = 1.6
WATER_PER_MM = 0.0195  # at about 70 keV effective


def load_nifti(path: Path) -> tuple[np.ndarray, float]:
    """Voxels (R-A-S) and voxel size in mm of an isotropic single-file NIfTI-1 volume."""
    data = gzip.decompress(path.read_bytes())
    shape = struct.unpack_from("<8h", data, 40)[1:4]
    kind = struct.unpack_from("<h", data, 70)[0]
    size = struct.unpack_from("<8f", data, 76)[1:4]
    offset = int(struct.unpack_from("<f", data, 108)[0])
    slope, intercept = struct.unpack_from("<2f", data, 112)
    dtype = {2: "u1", 4: "<i2", 8: "<i4", 16: "<f4", 64: "<f8", 512: "<u2"}[kind]
    voxels = np.frombuffer(data, dtype, int(np.prod(shape)), offset).reshape(shape, order="F")
    if slope not in (0.0, 1.0) or intercept:
        voxels = voxels * slope + intercept
    return voxels, float(size[0])


def project(volume: np.ndarray, voxel_mm: float) -> tuple[np.ndarray, float]:
    """Line integrals of attenuation on the detector, and the magnification of the mid-line.

    Rows run from cranial to caudal, columns from anterior to posterior (anterior at image left).
    """
    hounsfield = volume.astype(np.float32)
    # A film is taken at a lower energy than a CT: bone stands out more than its Hounsfield units.
    bone = BONE_GAIN * np.clip(hounsfield - 120.0, 0.0, 1200.0)
    mu = WATER_PER_MM * np.clip(1.0 + (hounsfield + bone) / 1000.0, 0.0, None)
    right, anterior, up = mu.shape
    middle = SOURCE_TO_DETECTOR_MM / (SOURCE_TO_DETECTOR_MM - PATIENT_TO_DETECTOR_MM)
    columns = int(anterior * voxel_mm * middle / DETECTOR_PIXEL_MM)
    rows = int(up * voxel_mm * middle / DETECTOR_PIXEL_MM)
    x = (np.arange(columns) + 0.5 - columns / 2) * DETECTOR_PIXEL_MM
    y = (np.arange(rows) + 0.5 - rows / 2) * DETECTOR_PIXEL_MM
    total = np.zeros((rows, columns), np.float32)
    slant = np.sqrt(1.0 + (x[None, :] ** 2 + y[:, None] ** 2) / SOURCE_TO_DETECTOR_MM**2)
    for i in range(right):
        # Slice i lies this far from the detector; its shadow is magnified by m.
        distance = PATIENT_TO_DETECTOR_MM + (i - (right - 1) / 2) * voxel_mm
        m = SOURCE_TO_DETECTOR_MM / (SOURCE_TO_DETECTOR_MM - distance)
        a = (anterior - 1) / 2 - x / m / voxel_mm
        s = (up - 1) / 2 - y / m / voxel_mm
        grid = np.meshgrid(s, a, indexing="ij")
        total += map_coordinates(
            spline_filter(mu[i], order=3), [grid[1], grid[0]], order=3, mode="nearest",
            prefilter=False,
        )  # fmt: skip
    return total * voxel_mm * slant, middle


def to_film(integrals: np.ndarray, seed: int = 20261122) -> np.ndarray:
    """12-bit film, bone bright: scatter, quantum noise, and the detector's usual equalisation."""
    rng = np.random.default_rng(seed)
    primary = np.exp(-integrals)
    seen = primary + 0.6 * gaussian_filter(primary, 60)
    photons = rng.poisson(seen / np.percentile(seen, 40) * 20000.0)
    film = -np.log(np.maximum(photons, 1.0))
    # Broad differences of body thickness are pressed, as every detector's processing does.
    film = film - 0.8 * gaussian_filter(film, 45)
    inside = integrals > 1.0
    low, high = np.percentile(film[inside], [2.0, 99.7])
    return np.clip(np.round(200 + (film - low) / (high - low) * 3600), 0, 4095).astype(np.uint16)


if __name__ == "__main__":
    voxels, size = load_nifti(Path(sys.argv[1]))
    integrals, magnification = project(voxels, size)
    np.save(sys.argv[2], to_film(integrals))
    print(integrals.shape, f"magnification {magnification:.4f}")
