"""The same load in pairs: as this platform scales, and as one does that keeps the tools' defaults."""
