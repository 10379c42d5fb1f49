"""Uploads straight to the store, and the videos that come of them."""
