"""What the searches say of the hyperparameters: numbers from search rows alone."""
