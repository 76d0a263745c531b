"""How much of the days behind a normal is held out to calibrate what judges the next one."""

#: Frames of a window that are judged once more: a minute of computing.
MOST_FRAMES = 24_000
#: Frames of a stretch of a longer window. Departures are followed within one.
STRETCH = 600
#: Parts of a lone day: each is judged by seven eighths of it.
LONE_DAY_BLOCKS = 8
