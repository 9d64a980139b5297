from benchmarks.goals import Verdict
from benchmarks.intake_rows import AGAIN, FLOOR, OTHER, OURS, Slice, rows
from benchmarks.meter import Cpu
from benchmarks.payloads import Mode

CPU = Cpu(10, 10, 0.02)


def slices(*rates: float, tail: float = 1.5, cpu: Cpu = CPU) -> list[Slice]:
    return [Slice(rate, cpu, tail=tail, p50_ms=20, generator_cpu=0.04) for rate in rates]


MEASURED = {
    # The last round is slow for everybody: its ratios are as good as the others'.
    OURS: slices(40, 50, 5, tail=2.5),
    AGAIN: slices(40, 40, 5),
    FLOOR: slices(100, 100, 10, tail=2.25, cpu=Cpu(2, 8, 0.02)),
    OTHER: slices(1, 1, 0.1),
}


def test_ratios_are_made_round_by_round_and_judged_by_their_median() -> None:
    against_floor, tail, against_other = rows(MEASURED, Mode.UPDATE)

    assert (against_floor.measured.median, against_floor.verdict) == (0.5, Verdict.MUST)
    assert (tail.measured.median, tail.verdict) == (2.5, Verdict.MUST)
    assert (against_other.measured.median, against_other.verdict) == (50, Verdict.AIM)


def test_rows_say_how_noisy_the_run_was_and_who_used_the_cpu() -> None:
    against_floor, tail, _ = rows(MEASURED, Mode.INSERT)

    assert tail.remark == "pgbench's own was 2.25x"
    assert against_floor.noise == 1.0
    assert against_floor.others == 0.02
    assert "platform 10.0+10.0, pgbench 2.0+8.0 (ratio 0.50)" in against_floor.remark


def test_two_slices_of_ours_that_differ_are_noise() -> None:
    noisy = MEASURED | {AGAIN: slices(80, 25, 2.5)}

    assert rows(noisy, Mode.UPDATE)[0].noise == 2.0
