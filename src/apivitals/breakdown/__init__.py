"""Where a request's time went: intervals in, seconds per component out."""
