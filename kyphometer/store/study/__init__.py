"""`Study`: everything together, in one database."""
