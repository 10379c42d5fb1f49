"""Users' own webhooks: signed messages when an analysis or a render ends."""
