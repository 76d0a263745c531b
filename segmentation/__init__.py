"""One human dataset -> a trained, measured segmentation model.

In data-flow order; each folder imports only itself and those before it:

* ``models`` the networks, one file per architecture
* ``inference`` frames -> the probability of a human, the fastest right way; steps after the network
* ``training`` samples -> batches -> the loop, losses, checkpoints, the model's card
* ``evaluation`` a model against masks, with intervals; masks against a model
* ``speed`` time, memory and operations
* ``champions`` all models side by side, and who is promoted, and why

Shared by all: ``config`` with ``stages`` (load without torch), ``data`` and ``mask_folders``
(labelled images), ``luminance`` (equalization), ``metrics`` (confusion counts), ``model_folder``
and ``tensor_file`` (a trained model on disk).
"""
