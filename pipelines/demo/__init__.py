"""Every stage on drawn footage with truth, or on a folder of real samples."""
