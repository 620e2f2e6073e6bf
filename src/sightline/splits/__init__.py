"""Who goes where: seeded and stratified, duplicates and groups on one side."""
