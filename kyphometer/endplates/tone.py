"""Which stored values mean bone: the film's polarity."""

from __future__ import annotations

from kyphometer.film import Film


def bone_sign(film: Film) -> int:
    """+1 if bone has high stored values, -1 if it has low ones, by the film's header.

    A lateral film is shown with bone bright. MONOCHROME1 shows low values bright; a falling
    modality table or slope turns that round once more.
    """
    rendering = film.rendering
    falling = rendering.slope < 0
    table = rendering.modality_lut
    if table is not None and len(table.values) > 1:
        falling = bool(float(table.values[-1]) < float(table.values[0]))
    return -1 if rendering.inverted != falling else 1
