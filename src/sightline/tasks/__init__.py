"""One file for each thing that a person asks for; the command line, Python and the site call these."""
