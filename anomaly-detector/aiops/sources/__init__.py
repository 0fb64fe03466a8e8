"""Every source of telemetry, behind the ports. Foreign formats and foreign errors are translated here."""
