"""The programs that are built from pinned Go modules: which, with what Go, and where they are put."""
