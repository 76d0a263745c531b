"""Footage of one fixed camera: what is normal for it, and what is not.

In each folder are the modules of one matter; folders in the order in which the data flows:

- ``camera``, ``camera_edit``: the camera's settings (``camera.yaml``), read and changed.
- ``footage``: files, images and streams become frames with exact times; video is written.
- ``lenses``: the lens, calibrated, and frames rectified.
- ``labelling``: one pass over a camera-day: frame quality, moving pixels, label maps, regions.
- ``normal``: counts that add up, the learned normal of a window, and whether the scene is still the
  same.
- ``channels``: speed, direction, size, stiffness, tone and stay: what is usual where, and how rare
  what is seen.
- ``events``: what departs from the normal, what people say of it, how often alarms may be false.
- ``occupancy``: regions of interest: how much of a person is inside, when, for how long.
- ``tracks``: regions over time become tracks, average paths and zones.
- ``privacy``: people hidden in frames, videos and live streams, and shown again to who has the key.
- ``audit``: what each privacy filter still gives away, measured.
- ``benchmark``: published footage with truth, and scores against it.
- ``reports``: one HTML page per camera-day, and the index of cameras.
- ``canvas``, ``charts``, ``pictures``: how all of it is drawn.
"""
