"""What programs are told, typed once: OpenAPI describes it, and the API, notifications and commands send it."""
