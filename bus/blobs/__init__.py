"""Where large attachments wait, elsewhere than on the broker: an S3-compatible store."""
