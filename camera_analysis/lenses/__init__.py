"""The camera's lens: calibrated, and frames rectified."""
