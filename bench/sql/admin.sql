SELECT json_build_object('dashboard', json_build_object(
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
    FROM appointments a WHERE a.local_day BETWEEN :year_ago::date AND :last_day::date),
  'utilisation', (SELECT json_build_object(
      'offered', coalesce(sum(CASE WHEN s.is_active THEN s.capacity ELSE s.booked_count END), 0),
      'taken', coalesce(sum(s.booked_count), 0))
    FROM slots s WHERE s.local_day BETWEEN :year_ago::date AND :last_day::date),
  'patients', (SELECT json_build_object(
      'new', count(*) FILTER (WHERE a.is_first_visit), 'returning', count(*) FILTER (WHERE NOT a.is_first_visit))
    FROM appointments a WHERE a.keeps_seat AND a.local_day BETWEEN :year_ago::date AND :last_day::date),
  'revenue', (SELECT coalesce(json_agg(json_build_object(
      'currency', r.currency,
      'captured', json_build_object('amount', r.captured),
      'refunded', json_build_object('amount', r.refunded)) ORDER BY r.currency), '[]')
    FROM (
      SELECT p.currency, sum(p.captured_minor) AS captured, sum(p.refunded_minor) AS refunded
      FROM payments p JOIN appointments a ON a.id = p.appointment_id JOIN clinics c ON c.id = a.clinic_id
      WHERE p.captured_minor <> 0
        AND (coalesce(p.captured_at, p.created_at) AT TIME ZONE c.time_zone)::date BETWEEN :year_ago::date AND :last_day::date
      GROUP BY p.currency) r),
  'topClinicsByBookings', (SELECT coalesce(json_agg(json_build_object(
      'bookings', t.bookings, 'clinic', json_build_object('name', c.name)) ORDER BY t.bookings DESC, t.clinic_id), '[]')
    FROM (
      SELECT a.clinic_id, count(*) AS bookings FROM appointments a
      WHERE a.keeps_seat AND a.local_day BETWEEN :year_ago::date AND :last_day::date
      GROUP BY a.clinic_id ORDER BY count(*) DESC, a.clinic_id LIMIT 10) t
    JOIN clinics c ON c.id = t.clinic_id),
  'topDoctorsByBookings', (SELECT coalesce(json_agg(json_build_object(
      'bookings', t.bookings, 'doctor', json_build_object('user', json_build_object('name', u.name)))
      ORDER BY t.bookings DESC, t.doctor_id), '[]')
    FROM (
      SELECT a.doctor_id, count(*) AS bookings FROM appointments a
      WHERE a.keeps_seat AND a.local_day BETWEEN :year_ago::date AND :last_day::date
      GROUP BY a.doctor_id ORDER BY count(*) DESC, a.doctor_id LIMIT 10) t
    JOIN doctors d ON d.id = t.doctor_id JOIN users u ON u.id = d.user_id)))
