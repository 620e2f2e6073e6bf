"""DATA -> a table of samples -> checked photos -> pixels in memory."""
