"""The divergent X-ray beam: where a point of the patient falls on the detector.

World coordinates are millimetres: x to the anterior side, y caudal, z along the central ray from
the source to the detector. The central ray runs through the origin and the plane z = 0 is the
object plane, at `source_object_mm` from the source. Everything is simulated with anterior at image
right; a film that faces left is mirrored when it is finished.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Beam:
    """Source and detector of a lateral film.

    Attributes
    ----------
    source_detector_mm
        Distance from the focal spot to the detector (SID).
    source_object_mm
        Distance from the focal spot to the plane z = 0 (SOD).
    """

    source_detector_mm: float = 1500.0
    source_object_mm: float = 1250.0

    @property
    def magnification(self) -> float:
        """Magnification of the plane z = 0: SID / SOD (ERMF in DICOM)."""
        return self.source_detector_mm / self.source_object_mm

    def magnification_at(self, z_mm: ArrayLike) -> NDArray[np.float64]:
        """Magnification SID / (SOD + z) of points at depth z, any shape."""
        return self.source_detector_mm / (self.source_object_mm + np.asarray(z_mm, np.float64))

    def project(self, xyz_mm: ArrayLike) -> NDArray[np.float64]:
        """Detector position in mm from the central ray, shape (..., 2), of points (..., 3)."""
        xyz = np.asarray(xyz_mm, np.float64)
        return xyz[..., :2] * self.magnification_at(xyz[..., 2])[..., None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A rectangle of detector that is rendered.

    Attributes
    ----------
    left_mm, top_mm
        Position of its outer top-left corner on the detector, from the central ray.
    rows, columns
        Size in pixels.
    pitch_mm
        Detector pixel size.
    """

    left_mm: float
    top_mm: float
    rows: int
    columns: int
    pitch_mm: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return (self.rows, self.columns)

    def to_pixels(self, detector_mm: ArrayLike) -> NDArray[np.float64]:
        """Film coordinates (x, y), corner-based pixels, of detector positions (..., 2) in mm."""
        origin = np.array([self.left_mm, self.top_mm])
        xy_px: NDArray[np.float64] = (np.asarray(detector_mm, np.float64) - origin) / self.pitch_mm
        return xy_px

    def coarser(self, pitch_mm: float, margin_mm: float = 0.0) -> Window:
        """A window of about another pitch over the same area, grown by a margin on each side."""
        height = self.rows * self.pitch_mm + 2 * margin_mm
        width = self.columns * self.pitch_mm + 2 * margin_mm
        return Window(
            left_mm=self.left_mm - margin_mm,
            top_mm=self.top_mm - margin_mm,
            rows=int(np.ceil(height / pitch_mm)) + 1,
            columns=int(np.ceil(width / pitch_mm)) + 1,
            pitch_mm=pitch_mm,
        )

    def centres_mm(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Detector x of the column centres and y of the row centres, in mm."""
        x = self.left_mm + (np.arange(self.columns) + 0.5) * self.pitch_mm
        y = self.top_mm + (np.arange(self.rows) + 0.5) * self.pitch_mm
        return x.astype(np.float32), y.astype(np.float32)


def rotation(pitch_deg: float, tilt_deg: float, axial_deg: float) -> NDArray[np.float64]:
    """Rotation from a vertebra's own axes to the world's, shape (3, 3).

    First about its own vertical axis (axial rotation, anterior towards the source), then about the
    antero-posterior axis (coronal tilt, caudal end towards the detector), then in the sagittal
    plane (pitch, anterior down).
    """
    a, f, t = np.radians([pitch_deg, tilt_deg, axial_deg])
    about_y = np.array([[np.cos(t), 0, np.sin(t)], [0, 1, 0], [-np.sin(t), 0, np.cos(t)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(f), -np.sin(f)], [0, np.sin(f), np.cos(f)]])
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    product: NDArray[np.float64] = about_z @ about_x @ about_y
    return product


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Where a vertebra is: centre of its body in the world and its three angles.

    Attributes
    ----------
    centre_mm
        World position (x, y, z) of the middle of the body.
    pitch_deg
        Sagittal inclination; positive when its anterior side is lower.
    tilt_deg
        Coronal tilt; positive when its caudal end leans to the detector.
    axial_deg
        Axial rotation; positive when its anterior side turns to the source.
    """

    centre_mm: tuple[float, float, float]
    pitch_deg: float
    tilt_deg: float = 0.0
    axial_deg: float = 0.0

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Rotation from local to world axes."""
        return rotation(self.pitch_deg, self.tilt_deg, self.axial_deg)

    def to_world(self, local_mm: ArrayLike) -> NDArray[np.float64]:
        """World coordinates of local points, shape (..., 3)."""
        turned: NDArray[np.float64] = np.asarray(local_mm, np.float64) @ self.matrix.T
        turned += np.asarray(self.centre_mm)
        return turned
