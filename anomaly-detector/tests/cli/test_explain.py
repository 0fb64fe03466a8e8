"""`aiops explain` reads traces of any kind, and says what is wrong with them."""

from pathlib import Path

from click.testing import CliRunner, Result

from aiops.cli.explain import explain_command


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(explain_command, [*map(str, arguments)])


def test_spans_of_any_columns_are_read(tmp_path: Path) -> None:
    file = tmp_path / "spans.csv"
    file.write_text(
        "T,S,P,Pod,At,Took\na,1,,web,1700000000000000,5\na,2,1,pay,1700000000000001,2\na,2,1,pay,1700000000000001,2\n"
    )
    said = run(file, "--columns", "trace=T,span=S,parent=P,service=Pod,start=At,duration=Took:us")
    assert (said.exit_code, said.stdout) == (0, "2 spans in 1 traces of 2 services\n")
    assert said.stderr == "note: 1 times: a span that comes twice counts once\n"


def test_a_wrong_column_is_named_with_those_there_are(tmp_path: Path) -> None:
    file = tmp_path / "spans.csv"
    file.write_text("trace_id,span_id,service,start\na,1,web,1\n")
    said = run(file, "--columns", "service=PodName")
    assert said.exit_code == 2
    assert "column 'PodName' is not in the file; it has: trace_id, span_id, service, start" in said.stderr
