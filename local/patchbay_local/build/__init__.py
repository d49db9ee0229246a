"""The programs and images that are built: from pinned Go modules, and from packages."""
