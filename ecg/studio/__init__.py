"""The web studio: the built React app, served."""
