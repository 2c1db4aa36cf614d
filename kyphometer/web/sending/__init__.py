"""Results of confirmed readings sent to archives from the page."""
