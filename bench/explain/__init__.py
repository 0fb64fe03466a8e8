"""The judge of the causal engine: faults whose truth is known, what the engine names, and what others would name.

    graph      services, operations, calls and hosts of a platform, drawn by a seed
    faults     what each kind of fault does, and what is right to say of it
    requests   one request through the graph under a fault: its spans, in the shapes of several frameworks
    cases      a kind and a seed as traces before and since the onset
    symptoms   the fixed rule that finds what is wrong, and the drawing of populations
    ours       the only place that calls the engine, of this tree or of an earlier checkout
    comparators, microrank, tracerca    what others would blame, from the same traces
    verdicts   a ranking and groups against the truth
    measures   shares, bootstrap intervals, calibration, confusion
    nezha      a public day of labelled traces
    streams    hours of telemetry through the whole engine
    page       the measured tables in docs/explanation.md

`python -m bench.explain --help` says how to run it. The same seed gives the same traces on every machine.
"""
