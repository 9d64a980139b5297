"""The Pulumi CLI on the repository's own program: workspace, plugins, commands, results, repair."""
