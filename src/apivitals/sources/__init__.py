"""What the machine and the runtime did: one class a source, sampled in the background."""
