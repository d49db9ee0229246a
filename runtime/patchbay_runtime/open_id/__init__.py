"""People: who an OpenID provider says that somebody is."""
