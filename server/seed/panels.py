"""Who books with whom: each doctor has a panel of patients of her city, children with paediatricians."""

from array import array
from collections.abc import Iterator, Sequence

from server.seed.calendar import Calendar
from server.seed.doctors import Doctor
from server.seed.draws import stream
from server.seed.moments import ordinal_of
from server.seed.patients import Patient
from server.seed.sizes import SeedError

ADULT = 18 * 365.25
DEMO_PAST, DEMO_FUTURE = 6, 3


class Panels:
    """Finds a patient for a seat who has nothing else at that time."""

    def __init__(
        self,
        calendar: Calendar,
        doctors: Sequence[Doctor],
        patients: Sequence[Patient],
        kept: "array[int]",
        *,
        seed: int,
        present: int,
    ) -> None:
        self.calendar = calendar
        self.patients = patients
        self.random = stream(seed, "panels")
        self.present = present
        today = ordinal_of(present)
        pools: dict[tuple[str, bool], list[int]] = {}
        for patient in patients:
            key = (patient.city.name, today - patient.born < ADULT)
            pools.setdefault(key, []).append(patient.id)
        everyone = [patient.id for patient in patients]
        seats: dict[int, int] = {}
        for slot in kept:
            seats[calendar.doctor[slot]] = seats.get(calendar.doctor[slot], 0) + 1
        self.pool: dict[int, list[int]] = {}
        self.panel: dict[int, list[int]] = {}
        for doctor in doctors:
            city = doctor.clinics[0].city.name
            pool = pools.get((city, doctor.specialty == "Paediatrics")) or everyone
            self.pool[doctor.id] = pool
            size = min(len(pool), max(8, seats.get(doctor.id, 0) // 3))
            self.panel[doctor.id] = self.random.sample(pool, size)
        self.everyone = everyone
        self.usual_most = max(12, 4 * len(kept) // len(patients))
        self.reserved = set(self._for_demo(kept))
        self.busy: dict[int, list[int]] = {1: list(self.reserved)}

    def _for_demo(self, kept: "array[int]") -> Iterator[int]:
        """Seats of the demo patient, spread over the demo doctor's past and future."""
        mine = sorted({slot for slot in kept if self.calendar.doctor[slot] == 1})
        past = [slot for slot in mine if self.calendar.end(slot) <= self.present]
        future = [slot for slot in mine if self.calendar.start[slot] > self.present]
        yield from past[:: max(1, len(past) // DEMO_PAST)][:DEMO_PAST]
        yield from future[:: max(1, len(future) // DEMO_FUTURE)][:DEMO_FUTURE]

    def someone(self, slot: int) -> int:
        """A patient who keeps the seat: of the doctor's panel mostly, else of the city, else anyone who is free."""
        if slot in self.reserved:
            self.reserved.remove(slot)
            return 1
        future = self.calendar.start[slot] > self.present
        for most in (self.usual_most, len(self.calendar)):
            for patient in self._candidates(slot):
                if self._is_free(patient, slot, most) and not (future and not self.patients[patient - 1].may_book):
                    self.busy.setdefault(patient, []).append(slot)
                    return patient
        raise SeedError(f"{len(self.patients)} patients are too few for so many appointments at once")

    def anyone(self, slot: int) -> int:
        """A patient who gave her seat up; she may have anything else at that time."""
        panel = self.panel[self.calendar.doctor[slot]]
        return panel[int(len(panel) * self.random.random())]

    def _candidates(self, slot: int) -> Iterator[int]:
        doctor, random = self.calendar.doctor[slot], self.random.random
        panel, pool = self.panel[doctor], self.pool[doctor]
        for _ in range(12):
            if random() < 0.85:
                yield panel[int(len(panel) * random() ** 1.3)]
            else:
                yield pool[int(len(pool) * random())]
        for crowd in (pool, self.everyone):
            middle = int(len(crowd) * random())
            yield from crowd[middle:]
            yield from crowd[:middle]

    def _is_free(self, patient: int, slot: int, most: int) -> bool:
        """Has nothing else then, has not come too often, and does not see the same doctor twice a day."""
        mine = self.busy.get(patient)
        if not mine:
            return True
        calendar, usual = self.calendar, most == self.usual_most
        start, end = calendar.start[slot], calendar.end(slot)
        for other in mine:
            if calendar.start[other] < end and start < calendar.end(other):
                return False
            if usual and calendar.day[other] == calendar.day[slot] and calendar.doctor[other] == calendar.doctor[slot]:
                return False
        return len(mine) < most
