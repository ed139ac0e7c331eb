-- What PostGraphile cannot be asked in its own words, as functions that the planner inlines: made when the bench starts,
-- dropped when it ends. The dashboards' functions are made of sql/*.sql.
CREATE OR REPLACE FUNCTION public.slots_duration_minutes(s public.slots) RETURNS int STABLE LANGUAGE sql AS
$$ SELECT (extract(epoch FROM s.ends_at - s.starts_at) / 60)::int $$;
CREATE OR REPLACE FUNCTION public.slots_available_seats(s public.slots, at timestamptz) RETURNS int STABLE LANGUAGE sql AS
$$ SELECT (s.capacity - s.booked_count - s.held_count + CASE WHEN s.held_count + s.unpaid_count > 0 THEN
     (SELECT count(*) FROM public.holds h WHERE h.slot_id = s.id AND h.released_at IS NULL AND h.expires_at <= at)
     + (SELECT count(*) FROM public.appointments a WHERE a.slot_id = s.id AND a.awaits_payment AND a.pay_by <= at)
   ELSE 0 END)::int $$;
CREATE OR REPLACE FUNCTION public.doctors_next_slots(d public.doctors, at timestamptz)
RETURNS SETOF public.slots STABLE LANGUAGE sql AS
$$ SELECT s.* FROM public.slots s JOIN public.clinics c ON c.id = s.clinic_id
   WHERE s.doctor_id = d.id AND s.is_active AND s.booked_count - s.unpaid_count < s.capacity AND s.starts_at > at
     AND public.slots_available_seats(s, at) > 0 AND c.is_active AND d.status = 'APPROVED'
     AND (d.licence_expires_on IS NULL OR s.local_day < d.licence_expires_on)
   ORDER BY s.starts_at, s.id $$;
CREATE OR REPLACE FUNCTION public.doctors_workplaces(d public.doctors) RETURNS SETOF public.clinics STABLE LANGUAGE sql AS
$$ SELECT c.* FROM public.doctor_clinics w JOIN public.clinics c ON c.id = w.clinic_id
   WHERE w.doctor_id = d.id AND w.ended_at IS NULL ORDER BY c.name, c.id $$;
CREATE OR REPLACE FUNCTION public.doctors_visits(d public.doctors, "from" timestamptz, "to" timestamptz)
RETURNS SETOF public.appointments STABLE LANGUAGE sql AS
$$ SELECT a.* FROM public.appointments a WHERE a.doctor_id = d.id AND a.starts_at >= "from" AND a.starts_at < "to"
   ORDER BY a.starts_at, a.id $$;
CREATE OR REPLACE FUNCTION public.appointments_visit_payments(a public.appointments)
RETURNS SETOF public.payments STABLE LANGUAGE sql AS
$$ SELECT p.* FROM public.payments p WHERE p.appointment_id = a.id AND p.kind = 'VISIT' $$;
CREATE OR REPLACE FUNCTION public.specialists(specialty text) RETURNS SETOF public.doctors STABLE LANGUAGE sql AS
$$ SELECT d.* FROM public.doctors d WHERE lower(d.specialty) = lower(specialists.specialty) ORDER BY d.id $$;
CREATE OR REPLACE FUNCTION public.free_slots(
  specialty text, latitude float8, longitude float8, radius float8, "from" timestamptz, "to" timestamptz, at timestamptz)
RETURNS SETOF public.slots STABLE LANGUAGE sql AS
$$ SELECT s.* FROM public.slots s JOIN public.clinics c ON c.id = s.clinic_id JOIN public.doctors d ON d.id = s.doctor_id
   WHERE s.is_active AND s.booked_count - s.unpaid_count < s.capacity AND s.starts_at > at
     AND s.starts_at >= "from" AND s.starts_at < "to" AND public.slots_available_seats(s, at) > 0
     AND c.is_active AND d.status = 'APPROVED' AND lower(d.specialty) = lower(free_slots.specialty)
     AND (d.licence_expires_on IS NULL OR s.local_day < d.licence_expires_on)
     AND c.latitude BETWEEN free_slots.latitude - radius / 111 AND free_slots.latitude + radius / 111
     AND 2 * 6371 * asin(sqrt(least(power(sin(radians(c.latitude - free_slots.latitude) / 2), 2)
       + cos(radians(free_slots.latitude)) * cos(radians(c.latitude))
       * power(sin(radians(c.longitude - free_slots.longitude) / 2), 2), 1))) <= radius
   ORDER BY s.starts_at, s.id $$;
CREATE OR REPLACE FUNCTION public.book(slot bigint, patient bigint, reason text) RETURNS public.appointments
VOLATILE LANGUAGE plpgsql AS $$
DECLARE
  made public.appointments;
BEGIN
  PERFORM FROM public.slots s WHERE s.id = slot AND s.is_active AND s.capacity > s.booked_count + s.held_count
    FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'this slot has no free seat';
  END IF;
  INSERT INTO public.appointments (slot_id, patient_id, status, reason)
    VALUES (slot, patient, 'CONFIRMED', book.reason) RETURNING * INTO made;
  RETURN made;
END $$;
