"""What every page is made with: templates, languages, forms, sessions, files for browsers."""
