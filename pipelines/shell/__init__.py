"""What commands do: the jobs of the daemon with progress, and looks into the store."""
