"""A photo -> the model's answer: received, checked, asked in batches. No pages."""
