"""Archives of labelled photographs -> one binarized, cleaned, split human dataset.

In data-flow order:

* ``label_maps`` the mask contract; which class ids of a source are human
* ``config`` what a build may be told
* ``faults`` why a sample cannot be read
* ``image_files`` image files of unknown origin: size before pixels, bounded memory
* ``matlab_files`` one matrix out of a MATLAB 5 file
* ``binarize`` class ids -> {0, 1, 255}
* ``mask_files`` how the sources store class ids
* ``readers`` published layouts -> pairs of files
* ``sources`` the registry: layout, licence, label map, reader
* ``object_kinds`` what is beside people, for training
* ``person_sizes`` how large persons are, where they stand, where the frame cuts them
* ``surveillance`` how like a fixed camera's view a sample is
* ``quality`` image and mask faults, as numbers
* ``sample_rows`` what a scan says of each image
* ``scan`` one pass over a source -> one row per image
* ``mask_pack`` all masks of a source in one file
* ``mask_preview`` the picture beside the pack
* ``ledger`` schema of the merged table, merge, balance
* ``fates`` what became of the images, and how many met each fate
* ``near_hashes`` hashes a few bits apart; ``look_alikes`` verifies them by thumbnails
* ``duplicates`` exact and near duplicates -> groups; ``duplicate_memory`` the same, of what changed
* ``rules`` the named cleaning rules, as data
* ``decisions`` what a reviewer decided, keyed by sha256
* ``cleaning`` rules and decisions -> ledger rows
* ``negatives`` images without humans: how many each split needs
* ``splits`` duplicate groups -> train, val, test; ``split_sizes`` whether they hold their shares
* ``tally`` counts with an address, their sums, and whether they add up
* ``thesis_tables`` sizes, cleaning, split and merge; ``thesis_tables_views`` and
  ``thesis_tables_picture`` show them
* ``distributions`` sizes of people, shapes of images; ``distributions_views`` their picture
* ``statistics`` the tables; ``statistics_views`` their Markdown and picture; ``charts`` bars
* ``row_claims`` statements about a row, for the suites
* ``expectation_suites`` what each table must look like; ``expectations`` suites -> findings
* ``review`` the queue, and FiftyOne in and out
"""
