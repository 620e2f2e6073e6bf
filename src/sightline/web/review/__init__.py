"""The Review page: a queue of findings, claimed by one reviewer at a time, and their decisions."""
