"""What a trial's network makes of its training and test images, looked at between intervals."""
