"""The console: pages for people, rendered on the server from what other domains' services say."""
