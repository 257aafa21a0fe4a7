"""The reference adapter: a document system made of a few folders of `.edxml` packages. Copy it to write another."""

from adapters.folder.adapter import FolderAdapter

__all__ = ["FolderAdapter"]
