"""What Dagster materializes: thin wrappers around the pure packages.

In data-flow order:

- ``partitions``: source; architecture; camera x day.
- ``resources``: what an asset may ask for (store, GPU guard, configurations), as interfaces.
- ``publishing``: write, audit, publish: the one path from a stage function to a current version.
- ``presentation``: pictures and tables in Dagster's metadata.
- ``progress``: log lines of long stages.
- ``claims``, ``checks`` and the modules ``checks_*``: every asset check, named as a claim.
- ``dataset``, ``review``, ``models``, ``cameras``, ``scenes``, ``event_review``: the assets.
"""
