SELECT json_build_object('slots', coalesce(json_agg(json_build_object(
  'id', f.id,
  'start', f.starts_at,
  'durationMinutes', f.minutes,
  'availableSeats', f.seats,
  'doctor', json_build_object('user', json_build_object('name', f.doctor)),
  'clinic', json_build_object('name', f.clinic, 'city', f.city)
  ) ORDER BY f.starts_at, f.id), '[]'))
FROM (
  SELECT s.id, s.starts_at, (extract(epoch FROM s.ends_at - s.starts_at) / 60)::int AS minutes, n.seats,
    u.name AS doctor, c.name AS clinic, c.city
  FROM slots s JOIN clinics c ON c.id = s.clinic_id JOIN doctors d ON d.id = s.doctor_id JOIN users u ON u.id = d.user_id
  CROSS JOIN LATERAL (SELECT s.capacity - s.booked_count - s.held_count
    + CASE WHEN s.held_count + s.unpaid_count > 0 THEN
        (SELECT count(*) FROM holds h WHERE h.slot_id = s.id AND h.released_at IS NULL AND h.expires_at <= :now)
        + (SELECT count(*) FROM appointments a WHERE a.slot_id = s.id AND a.awaits_payment AND a.pay_by <= :now)
      ELSE 0 END AS seats) n
  WHERE s.is_active AND s.booked_count - s.unpaid_count < s.capacity AND s.starts_at > :now AND n.seats > 0
    AND s.starts_at >= :from AND s.starts_at < :to
    AND c.is_active AND d.status = 'APPROVED' AND lower(d.specialty) = lower(:specialty)
    AND (d.licence_expires_on IS NULL OR s.local_day < d.licence_expires_on)
    AND c.latitude BETWEEN :latitude::float8 - :radius::float8 / 111 AND :latitude::float8 + :radius::float8 / 111
    AND 2 * 6371 * asin(sqrt(least(power(sin(radians(c.latitude - :latitude::float8) / 2), 2)
      + cos(radians(:latitude::float8)) * cos(radians(c.latitude))
      * power(sin(radians(c.longitude - :longitude::float8) / 2), 2), 1))) <= :radius::float8
  ORDER BY s.starts_at, s.id LIMIT 20) f
