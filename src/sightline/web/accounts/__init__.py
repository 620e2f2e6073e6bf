"""Who may do what: the first user, signing in, reviewers, tokens."""
