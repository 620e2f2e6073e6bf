"""The Django site: classify, look, review, decide.

One Django app for each idea: `accounts`, `library` (runs), `classify`, `gallery` (data), `review`, and the API. Views
parse, call and render; predicting goes through `sightline.predictor`, data through the run folder and the database.
"""
