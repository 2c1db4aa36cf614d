"""Worlds: sources of lateral spine pictures with exactly known corners, one module each.

To train on: `drawn` (polygons, shells, textures), `outlines` (the same painter, outlines of real
people), `phantom` (films of the package's simulator). To test on, sharing no shape with
those: `ct` (projections of real CT) and `mesh` (bodies of measured meshes, two-material physics).
"""
