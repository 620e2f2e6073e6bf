"""The Classify page: uploads, the micro-batching queue, answers, what visitors marked as wrong."""
