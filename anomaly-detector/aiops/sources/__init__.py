"""The world in: every source of telemetry behind the ports; foreign shapes and foreign errors end here."""
