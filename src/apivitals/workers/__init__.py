"""One service in several worker processes: what each counted, where any of them can read it.

Every worker keeps its cells in a file that is mapped into its memory, in a private directory of the group; a scrape
reads the files of all. Nothing is sent, and nothing waits for another worker.
"""
