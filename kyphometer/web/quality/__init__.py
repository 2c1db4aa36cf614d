"""The page of quality assurance: sessions planned, watched, locked, and what came out of them."""
