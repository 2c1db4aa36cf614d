"""What one reader may see and do: the open service and the blinded one."""
