"""Archives of labelled photographs -> one binarized, cleaned, split human dataset.

In each folder are the modules of one matter; folders in the order of a build, each of which imports
only those before it:

- ``config``: what a build may be told.
- ``sources``: published layouts and one's own, their class ids, and the mask contract.
- ``downloads``: their archives from the web: resumed, verified, unpacked.
- ``scan``: one pass over a source: one row per image, quality in numbers, all masks in one file.
- ``duplicates``: exact and near duplicates, searched for where something changed.
- ``ledger``: every image with its one fate: merged, cleaned by rules and decisions, split.
- ``statistics``: sizes, human shares and what was removed, as tables and pictures.
- ``expectations``: what each stage's table must look like, and which rows do not.
- ``review``: what a person should see, in FiftyOne, and what was decided there.
- ``digests``, ``charts``, ``markdown``: how files are named by content, and tables and bars drawn.
"""
