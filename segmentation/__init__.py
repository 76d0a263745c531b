"""One human dataset -> a trained, measured segmentation model.

In data-flow order:

* ``config`` what a network and a training may be told; loads without torch
* ``data`` the samples of one split: ledger, mask packs, image files
* ``sampling`` which sample comes next, and the bounded cache of decoded ones
* ``augment`` crops, warps and flips; image and mask move together; ``colours`` other light
* ``pasting`` people of one image, and things, in the scene of another
* ``batches`` batch number n of a training, the same whenever it is asked for
* ``models`` the networks: ``registry``, ``blocks``, one file per architecture
* ``flops`` what a forward pass costs
* ``losses`` of pixels (all, or the hard ones), of overlap, of auxiliary heads; honour ignore
* ``detail_loss`` STDC's loss of outlines
* ``schedule`` learning rate and weight averaging
* ``tensor_file`` weights as safetensors
* ``checkpoint`` the state of a training that was interrupted
* ``model_folder`` weights and what is needed to use them, together
* ``postprocess``, ``guided_filter``, ``temporal_smoothing`` steps after the network;
  ``postprocess_config`` which of them
* ``predict`` frames -> human probability
* ``metrics`` confusion counts -> IoU, Dice, false alarms on images without people
* ``boundary``, ``person_recall``, ``calibration`` what else is counted on an image
* ``temporal_consistency`` labels that flip where nothing moves
* ``train`` the loop
* ``training_report`` history, curves; ``model_card`` what a model is for, saw and cannot do
* ``image_table`` the counts of every image, kept: no network runs twice
* ``bootstrap``, ``scores`` sums of counts -> scores with intervals
* ``evaluate`` model and split -> tables and the worst samples; ``evaluated`` what was judged
* ``evaluation_views`` tables and plots of an evaluation
* ``mask_folders`` images and masks of the same stem, as test footage brings them
* ``paired`` two models on the same draws of images
* ``measured_speed`` the fastest way to run a network, as measured
* ``comparison``, ``comparison_views`` all models side by side
* ``champion_rule``, ``champion``, ``champion_card`` who is promoted, and why
"""
