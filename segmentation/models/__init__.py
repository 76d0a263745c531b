"""Networks: ``registry`` names them, ``blocks`` holds what they share, one file for each.

Every network maps (N, 3, H, W) normalised colours to (N, C, H, W) logits of the same H and W.
"""
