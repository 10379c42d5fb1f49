"""The service put together. Loaded only by the commands that need it."""
