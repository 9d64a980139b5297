"""The same drills on a real AWS account: `make e2e CLOUD=aws`. Nobody has run this yet."""
