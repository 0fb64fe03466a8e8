"""The symptom families of services: errors, latency, traffic, silence."""
