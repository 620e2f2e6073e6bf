"""The whole story of training, from the first batch to the finished run."""
