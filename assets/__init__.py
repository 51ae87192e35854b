"""Logo, and the script that makes the screenshots."""
