"""How much demo data is asked for, and the one error that a seed answers with."""

from dataclasses import dataclass, fields


class SeedError(Exception):
    """Why nothing was seeded, in one line for the person who typed the command."""


@dataclass(frozen=True)
class Sizes:
    """Exact numbers of rows to make. The defaults load in seconds."""

    clinics: int = 12
    doctors: int = 60
    patients: int = 1_000
    slots: int = 20_000
    appointments: int = 8_000
    payments: int = 6_000

    def check(self) -> None:
        """Refuses what can be seen to be impossible before anything is drawn."""
        for field in fields(self):
            least = 1 if field.name in ("clinics", "doctors", "patients") else 0
            if getattr(self, field.name) < least:
                raise SeedError(f"--{field.name} must be at least {least}")
        if self.payments and not self.appointments:
            raise SeedError("payments need appointments: ask for at least one")
