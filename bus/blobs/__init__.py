"""The place for blobs outside the broker: an S3-compatible store."""
