"""How the embedded scenes are drawn: numpy and Pillow only, so that a drawing process starts quickly."""
