"""What users time and count themselves, in a request or anywhere else: operations, calls to AI models, caches."""
