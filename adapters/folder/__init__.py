"""The reference adapter: a document system that is a few folders of `.edxml` packages. Copy this to write another."""

from adapters.folder.adapter import FolderAdapter

__all__ = ["FolderAdapter"]
