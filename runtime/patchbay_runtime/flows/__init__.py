"""Flow documents: their form, their checks and the steps in them."""
