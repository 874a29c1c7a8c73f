"""The benchmark of SPAN runs end to end on a small file; no time is asserted."""

from __future__ import annotations

from novate.app.bench_span import against_targets, bench_span, figures


def test_every_case_is_measured() -> None:
    result = bench_span(accounts=200, repeats=1, options=3000)
    cases = [case.case.partition(":")[0] for case in result.results]
    assert cases == ["open", "open", "book", "accounts", "order", "moved", "moved", "arrays"]
    assert all(case.best_ns > 0 for case in result.results)
    assert result.results[0].details["peak_mebibytes"] > 0
    assert len(list(figures(result))) == len(cases)
    met = {row[0]: row[-1] for row in against_targets(result)}
    assert met["SPAN of 100,000 portfolios x 20 positions"] == "a smaller one"
    assert met["risk arrays of 160,000 options"] in ("reach for", "must", "no")
