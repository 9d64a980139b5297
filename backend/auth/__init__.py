"""Who is calling: bearer tokens, their scopes, and the principals that handlers ask for."""
