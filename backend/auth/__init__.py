"""Bearer tokens, their scopes, and the principals that handlers require."""
