"""What the stack `observability` takes before its first `pulumi up`: charts, images, volumes."""
