"""One pass over a camera-day: frame quality, moving pixels, label maps, regions."""
