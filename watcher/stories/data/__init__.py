"""Data that ships with the stories: see ``README.md`` beside it."""
