"""What reaches outside: one protocol per kind of service, and what fulfils it."""
