"""The loyalty engine: rule documents, and what a purchase or an event earns under them."""
