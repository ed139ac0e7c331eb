SELECT json_build_object('doctor', json_build_object(
  'user', (SELECT json_build_object('name', u.name) FROM users u WHERE u.id = d.user_id),
  'appointments', (
    SELECT coalesce(json_agg(json_build_object(
      'id', a.id,
      'status', a.status,
      'reason', a.reason,
      'patient', json_build_object(
        'user', json_build_object('name', u.name), 'dateOfBirth', p.date_of_birth, 'bloodGroup', p.blood_group),
      'slot', json_build_object(
        'start', s.starts_at, 'durationMinutes', (extract(epoch FROM s.ends_at - s.starts_at) / 60)::int),
      'clinic', json_build_object('name', c.name),
      'payment', CASE WHEN m.id IS NOT NULL THEN
        json_build_object('status', m.status, 'amount', m.amount_minor, 'currency', m.currency) END
      ) ORDER BY a.starts_at, a.id), '[]')
    FROM (
      SELECT * FROM appointments
      WHERE doctor_id = d.id AND starts_at >= :from AND starts_at < :to
      ORDER BY starts_at, id LIMIT 100) a
    JOIN patients p ON p.id = a.patient_id
    JOIN users u ON u.id = p.user_id
    JOIN slots s ON s.id = a.slot_id
    JOIN clinics c ON c.id = a.clinic_id
    LEFT JOIN payments m ON m.appointment_id = a.id AND m.kind = 'VISIT')))
FROM doctors d WHERE d.id = :doctor
