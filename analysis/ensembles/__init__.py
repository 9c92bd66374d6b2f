"""Ensembles of a study's confirm runs, from their stored predictions: nothing is trained."""
