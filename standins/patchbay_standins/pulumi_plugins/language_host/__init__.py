"""`pulumi-language-python`: runs Pulumi programs and policy packs in the project's own Python environment."""
