"""`make emulate`: a stack's whole AWS on an emulated account, checked and reported."""
