"""What watches a service, on one machine: started and ended together (`session`), and examined (`doctor`)."""
