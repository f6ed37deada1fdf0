"""What the rules are written as."""
