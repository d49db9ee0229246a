"""Who calls the API, and what each caller may do."""
