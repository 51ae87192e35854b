"""Other ways to the same answer, to measure the method against."""
