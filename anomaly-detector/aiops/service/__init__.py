"""The use cases of the engine: what people and programs may ask and do."""
