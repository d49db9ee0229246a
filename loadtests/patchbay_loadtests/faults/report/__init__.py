"""The report: result.json, report.html, timeline.png and timeline.json."""
