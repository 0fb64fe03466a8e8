"""The shop, and any graph of services like it, as a model: hundreds of hours in a minute, with known truth.

    graph      who is there: services, operations, calls, dependencies; the shop is one case
    load       when customers come: by the hour, by the day of the week, with noise
    trouble    which faults are in force, at which operation
    pace       how long everything takes: as the profile says, or as it was measured
    requests   one request through the graph: the only place that decides what happens
    rows       its spans as Arrow rows
    sums       spans as the metrics that their services would export
    history    metrics alone, drawn from a sample of requests: 1,000,000 times as fast as time
    stream     all of it as tables, slice by slice
    cases      scenarios as they can be run, here and in generated graphs
    arrow, otlp, openmetrics   slices as files
    command    `python -m shop virtual`

The tables have the columns of the engine's documented Arrow streams; the same seed gives the same tables.
"""
