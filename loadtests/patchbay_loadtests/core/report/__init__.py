"""The report of a proof: result.json, report.html and timeline.png."""
