SELECT json_build_object('dashboard', json_build_object(
  'clinic', (SELECT json_build_object('name', c.name) FROM clinics c WHERE c.id = :clinic::bigint),
  'agenda', (SELECT coalesce(json_agg(json_build_object(
      'status', a.status,
      'patient', json_build_object('user', json_build_object('name', a.patient)),
      'doctor', json_build_object('user', json_build_object('name', a.doctor)),
      'slot', json_build_object('start', a.starts_at)) ORDER BY a.starts_at, a.id), '[]')
    FROM (
      SELECT a.id, a.starts_at, a.status, pu.name AS patient, du.name AS doctor
      FROM appointments a JOIN clinics c ON c.id = a.clinic_id
      JOIN patients p ON p.id = a.patient_id JOIN users pu ON pu.id = p.user_id
      JOIN doctors d ON d.id = a.doctor_id JOIN users du ON du.id = d.user_id
      WHERE a.clinic_id = :clinic::bigint AND a.keeps_seat AND a.local_day = (:now::timestamptz AT TIME ZONE c.time_zone)::date
        AND a.starts_at >= :now::timestamptz - interval '2 days' AND a.starts_at < :now::timestamptz + interval '2 days'
      ORDER BY a.starts_at, a.id LIMIT 20) a),
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
    FROM appointments a WHERE a.clinic_id = :clinic::bigint AND a.starts_at >= :first_day::date - 2 AND a.starts_at < :last_day::date + 3
      AND a.local_day BETWEEN :first_day::date AND :last_day::date),
  'utilisation', (SELECT json_build_object(
      'offered', coalesce(sum(CASE WHEN s.is_active THEN s.capacity ELSE s.booked_count END), 0),
      'taken', coalesce(sum(s.booked_count), 0))
    FROM slots s WHERE s.clinic_id = :clinic::bigint AND s.starts_at >= :first_day::date - 2 AND s.starts_at < :last_day::date + 3
      AND s.local_day BETWEEN :first_day::date AND :last_day::date),
  'patients', (SELECT json_build_object(
      'new', count(*) FILTER (WHERE a.is_first_visit), 'returning', count(*) FILTER (WHERE NOT a.is_first_visit))
    FROM appointments a WHERE a.clinic_id = :clinic::bigint AND a.starts_at >= :first_day::date - 2 AND a.starts_at < :last_day::date + 3
      AND a.keeps_seat AND a.local_day BETWEEN :first_day::date AND :last_day::date),
  'revenue', (SELECT coalesce(json_agg(json_build_object(
      'currency', r.currency,
      'captured', json_build_object('amount', r.captured),
      'refunded', json_build_object('amount', r.refunded)) ORDER BY r.currency), '[]')
    FROM (
      SELECT p.currency, sum(p.captured_minor) AS captured, sum(p.refunded_minor) AS refunded
      FROM payments p JOIN appointments a ON a.id = p.appointment_id JOIN clinics c ON c.id = a.clinic_id
      WHERE a.clinic_id = :clinic::bigint AND p.captured_minor <> 0
        AND (coalesce(p.captured_at, p.created_at) AT TIME ZONE c.time_zone)::date BETWEEN :first_day::date AND :last_day::date
      GROUP BY p.currency) r),
  'topDoctorsByBookings', (SELECT coalesce(json_agg(json_build_object(
      'bookings', t.bookings, 'doctor', json_build_object('user', json_build_object('name', u.name)))
      ORDER BY t.bookings DESC, t.doctor_id), '[]')
    FROM (
      SELECT a.doctor_id, count(*) AS bookings FROM appointments a
      WHERE a.clinic_id = :clinic::bigint AND a.starts_at >= :first_day::date - 2 AND a.starts_at < :last_day::date + 3
      AND a.keeps_seat AND a.local_day BETWEEN :first_day::date AND :last_day::date
      GROUP BY a.doctor_id ORDER BY count(*) DESC, a.doctor_id LIMIT 5) t
    JOIN doctors d ON d.id = t.doctor_id JOIN users u ON u.id = d.user_id)))
