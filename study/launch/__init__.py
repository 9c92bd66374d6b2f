"""What other platforms need to run a study: SLURM, Kubernetes, ssh hosts, this machine."""
