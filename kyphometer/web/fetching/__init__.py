"""Films found in archives and fetched from them, from the page."""
