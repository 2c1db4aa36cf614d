"""Films come in from other systems and results go out to them, as standard objects.

`objects` makes and reads DICOM objects of results, `marks` the files of neighbouring programs.
highdicom, pynetdicom and dicomweb-client are imported here only, and only when they are used: they
come with the extra `interop`.
"""
