"""How and when assets are made.

In the order a start-up touches them:

- ``settings``: one frozen settings object, from a file and the environment.
- ``store``: versioned Parquet, PNG and NumPy: write, audit, publish.
- ``executors``: in_process, multiprocess, ray; the GPU guard.
- ``resources``: what the assets ask for, built from settings.
- ``jobs``, ``schedules``, ``sensors``: what runs together, and when.
- ``definitions``: the only Definitions object.
- ``instance``, ``runs``: Dagster's own storage, and runs from the shell.
- ``cli``: the command ``learned-normal``.
- ``demo``, ``real_samples``, ``one_clip``: whole lines on synthetic, real and single-clip input.
"""
