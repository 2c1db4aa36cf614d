"""A reader in a blinded session: answers of their own types, built from codes and typed facts."""
