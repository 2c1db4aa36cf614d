"""Films of a study: their rows, files, headers, and what people may correct."""
