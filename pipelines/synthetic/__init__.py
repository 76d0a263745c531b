"""Synthetic sources and cameras with truth: believable, seeded, nobody real.

- ``canvas``, ``textures``, ``bodies``, ``figures``, ``people``, ``things``: what is drawn.
- ``places``, ``halls``, ``scenes``: where it stands.
- ``samples``, ``faults``, ``layouts``, ``datasets``: three sources in their published layouts.
- ``actors``, ``stories``, ``street``, ``factory``, ``corridor``, ``footage``, ``cameras``: three
  cameras, their days, and what is not normal on the last one.
"""
