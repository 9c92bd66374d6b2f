"""Methods of deep AUC maximisation made of parts, and the one loop that trains them."""
