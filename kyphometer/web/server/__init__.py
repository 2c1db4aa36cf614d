"""Starting, configuring and ending the server."""
