"""Attributes of one frame of an enhanced multi-frame object, as if they were its own header's."""

from __future__ import annotations

from kyphometer.dicom.elements import Element, Elements


def with_frame_groups(elements: Elements, frame: int) -> Elements:
    """The header with the functional groups of a frame laid under it.

    Attributes of the header itself go first, then those of the frame, then those shared by all
    frames (DICOM PS3.3 C.7.6.16).

    Parameters
    ----------
    frame
        Number of the frame, from 1.
    """
    own = elements.items("PerFrameFunctionalGroupsSequence")
    shared = elements.items("SharedFunctionalGroupsSequence")
    if not own and not shared:
        return elements
    found: dict[int, Element] = {}
    for group in (*shared[:1], *own[frame - 1 : frame]):
        for tag in group.raw:
            for item in group.items_of(tag)[:1]:
                found.update(item.raw)
    return elements.overlaid(found)
