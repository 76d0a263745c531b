"""Files, images and streams become frames with exact times; video is written."""
