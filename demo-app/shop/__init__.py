"""A small shop of five services that speaks OpenTelemetry and breaks on command."""
