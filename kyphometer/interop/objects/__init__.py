"""Results as DICOM objects: structured report, picture, document, presentation state."""
