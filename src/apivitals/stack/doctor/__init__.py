"""Whether a service is measured, its rules are evaluated, and its alerts arrive: each question is one `Check`."""
