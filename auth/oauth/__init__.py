"""The authorization server: OAuth 2.1 and OpenID Connect on authlib's framework-neutral core.

Nothing here knows HTTP's framework: requests come in as `bridge.OAuthRequest`, answers leave as `bridge.Answer`, and
`server/oauth` carries them. What works on the database takes a session and `now`, and leaves the commit to its caller.
"""
