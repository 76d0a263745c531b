"""Archives of sources from the web: resumed, verified, unpacked."""
