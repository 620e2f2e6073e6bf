"""What goes out with an exported model. It never imports Sightline: `export.py` copies it as it stands."""
