"""Verdicts as JUnit XML, which build servers show."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree


def write_junit(path: Path, suite: str, cases: Mapping[str, Sequence[str]]) -> None:
    """One test case for each name, failed by its reasons."""
    failed = sum(bool(reasons) for reasons in cases.values())
    counts = {"tests": str(len(cases)), "failures": str(failed), "errors": "0"}
    root = ElementTree.Element("testsuites", counts)
    parent = ElementTree.SubElement(root, "testsuite", {"name": suite, **counts})
    for name, reasons in cases.items():
        case = ElementTree.SubElement(parent, "testcase", {"classname": suite, "name": name})
        if reasons:
            failure = ElementTree.SubElement(case, "failure", {"message": _printable(reasons[0])})
            failure.text = _printable("\n".join(reasons))
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _printable(text: str) -> str:
    """Without the control characters that XML has no way to write."""
    return "".join(each if each in "\n\t" or each.isprintable() else "?" for each in text)
