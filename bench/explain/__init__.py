"""The judge of the causal engine: faults whose truth is known, what the engine names, and what others would name.

    graph      services, operations, calls and hosts of a platform, drawn by a seed
    faults     the kinds of faults; `slowness` and `failing` say what each does, `ground` where it can be and what is
               right to say of it, `trouble` what is wrong while it lasts
    requests   one request through the graph under a fault; `shapes` are its spans, as several frameworks send them
    cases      a kind and a seed as traces before and since the onset
    symptoms   the fixed rule that finds what is wrong, and the drawing of populations
    ours       the only place that calls the engine, of this tree or of an earlier checkout
    anatomy    what competitors read of a trace
    comparators, microrank, tracerca    what they would blame, from the same traces
    verdicts   a ranking and groups against the truth
    worker     cases one after another, with the engine of this tree or of another
    measures   shares, bootstrap intervals, calibration, confusion
    nezha      a public day of labelled traces
    streams    hours of telemetry through the whole engine
    show       one case in full, for who works on the engine
    tables     all of it as text
    page       the measured tables in docs/explanation.md

`python -m bench.explain --help` says how to run it. The same seed gives the same traces on every machine.
"""
