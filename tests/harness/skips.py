"""A test that does not run to its end fails: what it is there for was not looked at, and a green summary hides that."""

from collections.abc import Generator

import pytest

_REMEDY = "a test that is skipped counts as failed: `make up` installs and builds what the tests need"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # A test that is expected to fail, and does, is reported as skipped too. It has run, unless it says itself that it
    # fails, is marked not to run, or what it needs could not be set up.
    expected = hasattr(report, "wasxfail")
    gave_up = call.excinfo is not None and isinstance(call.excinfo.value, pytest.xfail.Exception)
    if not expected or gave_up or report.when == "setup":
        _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_skipped(report)
    return report


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.outcome != "skipped":
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if hasattr(report, "wasxfail"):
        reason = f"{reason}\nexpected to fail: {report.wasxfail}"
        del report.wasxfail  # with it, pytest counts the test as one that failed as expected
    report.outcome = "failed"
    report.longrepr = f"{reason}\n{_REMEDY}"
