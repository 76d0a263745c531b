"""Published folder layouts of benchmarks, as clips with truth that are read lazily.

Modules in the order in which the data flows:

- ``clips``: what every layout becomes: clips, their frames and the truth about each frame.
- ``matlab_cells``: the matrices of a MATLAB cell array, one at a time.
- ``truth_regions``: regions and tracks from pixel masks or from files of boxes.
- ``ucsd``, ``avenue``, ``shanghaitech``, ``street_scene``, ``upcam``: anomalies.
- ``change_detection``: CDnet 2014 and SBI: what moves.
- ``registry``: the one list of layouts.
"""
