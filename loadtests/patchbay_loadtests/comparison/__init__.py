"""The same load twice: as this platform scales, and as one does that keeps the tools' defaults."""
