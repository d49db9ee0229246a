"""The images: built with buildah from Debian packages and static programs, kept in a local OCI registry."""
