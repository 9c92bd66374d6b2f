"""The one Ray Tune run of a study: which row trains next, where, and until when."""
