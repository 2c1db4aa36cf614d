"""Shared set-up: tests can import their helpers by name; fixtures that several modules share."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from store_postgres import postgres_server, study_target
from web_page_kit import annotator, chromium, film_folder, tab

__all__ = ["annotator", "chromium", "film_folder", "postgres_server", "study_target", "tab"]
