SELECT json_build_object('dashboard', json_build_object(
  'doctor', (SELECT json_build_object('user', json_build_object('name', u.name))
    FROM doctors d JOIN users u ON u.id = d.user_id WHERE d.id = :doctor::bigint),
  'agenda', (SELECT coalesce(json_agg(json_build_object(
      'status', a.status,
      'patient', json_build_object('user', json_build_object('name', u.name)),
      'slot', json_build_object('start', a.starts_at),
      'clinic', json_build_object('name', c.name)) ORDER BY a.starts_at, a.id), '[]')
    FROM appointments a JOIN clinics c ON c.id = a.clinic_id
    JOIN patients p ON p.id = a.patient_id JOIN users u ON u.id = p.user_id
    WHERE a.doctor_id = :doctor::bigint AND a.keeps_seat AND a.local_day = (:now::timestamptz AT TIME ZONE c.time_zone)::date
      AND a.starts_at >= :now::timestamptz - interval '2 days' AND a.starts_at < :now::timestamptz + interval '2 days'),
  'nextSlot', (SELECT json_build_object('start', f.starts_at, 'availableSeats', f.seats) FROM (
    SELECT s.starts_at, n.seats
    FROM slots s JOIN clinics c ON c.id = s.clinic_id JOIN doctors d ON d.id = s.doctor_id
    CROSS JOIN LATERAL (SELECT s.capacity - s.booked_count - s.held_count
    + CASE WHEN s.held_count + s.unpaid_count > 0 THEN
        (SELECT count(*) FROM holds h WHERE h.slot_id = s.id AND h.released_at IS NULL AND h.expires_at <= :now)
        + (SELECT count(*) FROM appointments x WHERE x.slot_id = s.id AND x.awaits_payment AND x.pay_by <= :now)
      ELSE 0 END AS seats) n
    WHERE s.doctor_id = :doctor::bigint AND s.is_active AND s.booked_count - s.unpaid_count < s.capacity
      AND s.starts_at > :now AND n.seats > 0 AND c.is_active AND d.status = 'APPROVED'
      AND (d.licence_expires_on IS NULL OR s.local_day < d.licence_expires_on)
    ORDER BY s.starts_at, s.id LIMIT 1) f),
  'statuses', (SELECT json_build_object(
      'pending', count(*) FILTER (WHERE a.status = 'PENDING'),
      'confirmed', count(*) FILTER (WHERE a.status = 'CONFIRMED'),
      'checkedIn', count(*) FILTER (WHERE a.status = 'CHECKED_IN'),
      'inProgress', count(*) FILTER (WHERE a.status = 'IN_PROGRESS'),
      'completed', count(*) FILTER (WHERE a.status = 'COMPLETED'),
      'cancelled', count(*) FILTER (WHERE a.status = 'CANCELLED'),
      'noShow', count(*) FILTER (WHERE a.status = 'NO_SHOW'),
      'declined', count(*) FILTER (WHERE a.status = 'DECLINED'),
      'total', count(*))
    FROM appointments a WHERE a.doctor_id = :doctor::bigint AND a.starts_at >= :first_day::date - 2 AND a.starts_at < :last_day::date + 3
      AND a.local_day BETWEEN :first_day::date AND :last_day::date),
  'utilisation', (SELECT json_build_object(
      'offered', coalesce(sum(CASE WHEN s.is_active THEN s.capacity ELSE s.booked_count END), 0),
      'taken', coalesce(sum(s.booked_count), 0))
    FROM slots s WHERE s.doctor_id = :doctor::bigint AND s.starts_at >= :first_day::date - 2 AND s.starts_at < :last_day::date + 3
      AND s.local_day BETWEEN :first_day::date AND :last_day::date),
  'patients', (SELECT json_build_object(
      'new', count(*) FILTER (WHERE a.is_first_visit), 'returning', count(*) FILTER (WHERE NOT a.is_first_visit))
    FROM appointments a WHERE a.doctor_id = :doctor::bigint AND a.starts_at >= :first_day::date - 2 AND a.starts_at < :last_day::date + 3
      AND a.keeps_seat AND a.local_day BETWEEN :first_day::date AND :last_day::date),
  'revenue', (SELECT coalesce(json_agg(json_build_object(
      'currency', r.currency,
      'captured', json_build_object('amount', r.captured),
      'refunded', json_build_object('amount', r.refunded)) ORDER BY r.currency), '[]')
    FROM (
      SELECT p.currency, sum(p.captured_minor) AS captured, sum(p.refunded_minor) AS refunded
      FROM payments p JOIN appointments a ON a.id = p.appointment_id JOIN clinics c ON c.id = a.clinic_id
      WHERE a.doctor_id = :doctor::bigint AND p.captured_minor <> 0
        AND (coalesce(p.captured_at, p.created_at) AT TIME ZONE c.time_zone)::date BETWEEN :first_day::date AND :last_day::date
      GROUP BY p.currency) r)))
