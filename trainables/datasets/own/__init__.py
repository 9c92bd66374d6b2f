"""Images of the user's own: a folder, a CSV file, an .npz or an HDF5 file."""
