"""The film with marks and angles drawn on it, as a secondary capture: everybody shows it."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from kyphometer.geometry import Facing
from kyphometer.interop.objects.identity import clock, day, film_item, identify
from kyphometer.interop.objects.source import Kind, Source


def picture(source: Source) -> Dataset:
    """The overlay picture as Secondary Capture Image Storage."""
    dataset = Dataset()
    dataset.SOPClassUID = SecondaryCaptureImageStorage
    identify(dataset, source, Kind.SC, "OT")
    dataset.ConversionType = "WSD"
    dataset.ImageType = ["DERIVED", "SECONDARY"]
    dataset.Laterality = ""
    anterior = "A" if source.measured.facing is Facing.RIGHT else "P"
    dataset.PatientOrientation = [anterior, "F"]
    dataset.ContentDate, dataset.ContentTime = day(source.made), clock(source.made)
    dataset.BurnedInAnnotation = "YES"
    dataset.DerivationDescription = "Marked endplates and angles drawn on the film"
    dataset.SourceImageSequence = [film_item(source)]
    _set_pixels(dataset, _rgb(source.overlay_png))
    return dataset


def _rgb(png: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=np.uint8)


def _set_pixels(dataset: Dataset, pixels: NDArray[np.uint8]) -> None:
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = pixels.shape
    dataset.PhotometricInterpretation = "RGB"
    dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.LossyImageCompression = "00"
    data = pixels.tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB"
