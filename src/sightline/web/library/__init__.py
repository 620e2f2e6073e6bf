"""The Runs pages: the shelf of runs, the leaderboard, comparing, live curves."""
