"""Films that are handed to the annotator in the browser."""
