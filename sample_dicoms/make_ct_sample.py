"""Write sample_dicoms/ct_projection: a lateral film projected from a real CT, with a reading of it.

    python sample_dicoms/make_ct_sample.py CT.nii.gz

The volume is `ct.nii.gz` of the TotalSegmentator test files (Apache License 2.0, see NOTICE). The
reading was marked by eye on the projection, beside the outlines of the published labels projected
in the same way; the voxels are 3 mm, so its corners are good to about 1.5 mm and say so.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from project_ct import (
    DETECTOR_PIXEL_MM,
    PATIENT_TO_DETECTOR_MM,
    SOURCE_TO_DETECTOR_MM,
    load_nifti,
    project,
    to_film,
)

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.dicom import Compression, read_header, write_dx
from kyphometer.film import Acquisition, Film, FilmHeader, FilmReference, Position, Rendering
from kyphometer.geometry import Facing, PixelGeometry, Point, SpacingSource
from kyphometer.reading import Endplate, Landmark, NotMeasurable, Reading, Vertebra
from kyphometer.reading.document import write_reading
from kyphometer.workflow import stamped

FIRST_COLUMN, LAST_COLUMN = 220, 680
CORNER_SD_MM = 1.5
OUTPUT = Path(__file__).parent / "ct_projection"

# Corners in pixels of the cropped film, (x, y): anterior, posterior.
CORNERS = {
    "T12": {"inferior": ((207.3, 46.9), (288.2, 70.2))},
    "L1": {
        "superior": ((191.0, 62.0), (286.0, 82.5)),
        "inferior": ((182.0, 119.5), (266.5, 148.0)),
    },
    "L2": {
        "superior": ((166.5, 147.8), (260.8, 161.2)),
        "inferior": ((155.5, 207.0), (242.0, 227.0)),
    },
    "L3": {
        "superior": ((141.2, 238.8), (238.4, 244.9)),
        "inferior": ((136.3, 301.2), (231.8, 308.2)),
    },
    "L4": {
        "superior": ((133.0, 332.0), (229.0, 327.0)),
        "inferior": ((145.0, 402.5), (231.0, 380.0)),
    },
    "L5": {
        "superior": ((155.0, 442.0), (235.0, 406.5)),
        "inferior": ((188.2, 502.9), (261.6, 453.9)),
    },
    "S1": {"superior": ((219.6, 522.4), (267.8, 466.5))},
}


def make_film(volume: Path) -> tuple[Film, float]:
    """The projected film, and its pixel size in the patient in mm."""
    voxels, size = load_nifti(volume)
    integrals, magnification = project(voxels, size)
    pixels = to_film(integrals)[:, FIRST_COLUMN:LAST_COLUMN].copy()
    pixel_mm = DETECTOR_PIXEL_MM / magnification
    rows, columns = pixels.shape
    header = FilmHeader(
        reference=FilmReference(rows=rows, columns=columns),
        geometry=PixelGeometry.from_spacing(
            pixel_mm, pixel_mm, SpacingSource.MAGNIFICATION, in_patient=True
        ),
        acquisition=Acquisition(
            modality="DX",
            patient_id="CT-PROJECTION",
            patient_name="CT^Projection",
            study_date=date(2026, 1, 1),
            exposed_at=datetime(2026, 1, 1, 12, 0),
            body_part="TLSPINE",
            view="LL",
            is_lateral=True,
            facing=Facing.LEFT,
            patient_orientation=("P", "F"),
            position=Position.SUPINE,
            source_to_detector_mm=SOURCE_TO_DETECTOR_MM,
            source_to_patient_mm=SOURCE_TO_DETECTOR_MM - PATIENT_TO_DETECTOR_MM,
            magnification=magnification,
            burned_in_annotation=False,
            description="Lateral projection of a CT",
            time_point="CT",
        ),
        rendering=Rendering(bits_stored=12),
    )
    return Film(header=header, pixels=pixels), pixel_mm


def make_reading(film: Film, pixel_mm: float) -> Reading:
    """The reading made by eye."""
    variance = (CORNER_SD_MM / pixel_mm) ** 2
    covariance = ((variance, 0.0), (0.0, variance))

    def mark(xy: tuple[float, float]) -> Landmark:
        return Landmark(xy=Point(*xy), covariance=covariance)

    vertebrae = {}
    for name, plates in CORNERS.items():
        marked = {
            side: Endplate(anterior=mark(anterior), posterior=mark(posterior))
            for side, (anterior, posterior) in plates.items()
        }
        vertebrae[Level(name)] = Vertebra(level=Level(name), **marked)
    reading = Reading(
        film=film.reference,
        vertebrae=vertebrae,
        facing=Facing.LEFT,
        observer="KYPHOMETER",
        created=datetime(2026, 11, 22, 12, 0, tzinfo=UTC),
        not_measurable=(
            NotMeasurable(
                level=Level.T12, endplate=EndplateSide.SUPERIOR, reason="outside the film"
            ),
        ),
        comment="Marked by eye on a projection of 3 mm voxels; corner SD 1.5 mm is stated.",
    )
    return stamped(reading)


def main() -> None:
    """Write film and reading."""
    OUTPUT.mkdir(exist_ok=True)
    film, pixel_mm = make_film(Path(sys.argv[1]))
    path = OUTPUT / "lateral.dcm"
    write_dx(film, path, seed="kyphometer sample ct_projection", compression=Compression.JPEG_2000)
    reading = make_reading(film, pixel_mm)
    uid = read_header(path).reference.sop_instance_uid
    reading = replace(reading, film=replace(reading.film, sop_instance_uid=uid))
    write_reading(reading, OUTPUT / "lateral.reading.json")


if __name__ == "__main__":
    main()
