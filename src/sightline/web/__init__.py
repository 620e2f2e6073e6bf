"""The Django site: classify, look, review, decide.

One Django app for each idea: `accounts`, `library` (runs), `classify`, `gallery` (data), `review`, and the API. Views
parse, call and render; predicting goes through `sightline.predictor`, data through the run folder and the database.
What several apps share lies below them: `library` (runs and their photos), `answering`, `decoders`, and single files.
No app imports a sister's views or models.
"""
