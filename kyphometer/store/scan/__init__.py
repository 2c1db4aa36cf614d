"""Taking up the films of a folder."""
