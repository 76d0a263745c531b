"""How and when assets are made.

At the root is what every start-up touches: ``settings`` (one frozen object, from a file and the
environment), ``executors`` (in_process, multiprocess, ray; the GPU guard), ``resources`` (what the
assets ask for), ``instance`` (Dagster's own storage) and ``definitions``, the only Definitions
object. Each folder imports the root and the folders before it:

- ``storage``: versioned Parquet, PNG and NumPy: write, audit, publish.
- ``synthetic``: sources and cameras with truth, drawn.
- ``automation``: jobs, schedules and sensors: what runs together, and when.
- ``pages``: pages in the browser, to draw on and to look at.
- ``shell``: what commands do: runs with progress, and looks into the store.
- ``demo``: whole lines on synthetic and on real input.
- ``cli``: the command ``learned-normal``.
"""
