"""What leaves the house: the model card, and a folder that predicts without Sightline."""
