"""A run's result as figures, words and one page, for pages of the app and for papers alike."""
