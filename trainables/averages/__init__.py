"""What an evaluation may average: weights over steps, scores over augmented copies of an image."""
