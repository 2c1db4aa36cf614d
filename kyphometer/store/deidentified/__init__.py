"""A study without its patients' and readers' identity: the key, the masks, the copy."""
