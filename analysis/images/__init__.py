"""What the models say of single test images: predictions, curves over them, maps of them."""
