"""Answers in several payloads: what `@defer` and `@stream` leave for later follows, where `Accept` asks for that."""
