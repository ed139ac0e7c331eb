SELECT json_build_object('doctors', coalesce(json_agg(json_build_object(
  'id', d.id,
  'specialty', d.specialty,
  'yearsOfExperience', d.years_of_experience,
  'user', json_build_object('name', u.name),
  'clinics', (
    SELECT coalesce(json_agg(json_build_object('name', c.name, 'city', c.city) ORDER BY c.name, c.id), '[]')
    FROM doctor_clinics w JOIN clinics c ON c.id = w.clinic_id
    WHERE w.doctor_id = d.id AND w.ended_at IS NULL),
  'nextSlots', (
    SELECT coalesce(json_agg(json_build_object(
      'id', f.id, 'start', f.starts_at, 'durationMinutes', f.minutes, 'availableSeats', f.seats)
      ORDER BY f.starts_at, f.id), '[]')
    FROM (
      SELECT s.id, s.starts_at, (extract(epoch FROM s.ends_at - s.starts_at) / 60)::int AS minutes, n.seats
      FROM slots s JOIN clinics c ON c.id = s.clinic_id
      CROSS JOIN LATERAL (SELECT s.capacity - s.booked_count - s.held_count
        + CASE WHEN s.held_count + s.unpaid_count > 0 THEN
            (SELECT count(*) FROM holds h
              WHERE h.slot_id = s.id AND h.released_at IS NULL AND h.expires_at <= :now)
            + (SELECT count(*) FROM appointments a
              WHERE a.slot_id = s.id AND a.awaits_payment AND a.pay_by <= :now)
          ELSE 0 END AS seats) n
      WHERE s.doctor_id = d.id AND s.is_active AND s.booked_count - s.unpaid_count < s.capacity
        AND s.starts_at > :now AND n.seats > 0 AND c.is_active AND d.status = 'APPROVED'
        AND (d.licence_expires_on IS NULL OR s.local_day < d.licence_expires_on)
      ORDER BY s.starts_at, s.id LIMIT 5) f)
  ) ORDER BY d.id), '[]'))
FROM (SELECT * FROM doctors WHERE lower(specialty) = lower(:specialty) ORDER BY id LIMIT 50) d
JOIN users u ON u.id = d.user_id
