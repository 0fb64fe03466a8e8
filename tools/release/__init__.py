"""What a release must agree on before it is made, and the notes that go with it."""
