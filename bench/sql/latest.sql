SELECT json_build_object('appointments', coalesce(json_agg(json_build_object(
  'id', a.id,
  'status', a.status,
  'bookedAt', a.booked_at,
  'patient', json_build_object('user', json_build_object('name', pu.name)),
  'doctor', json_build_object('user', json_build_object('name', du.name)),
  'clinic', json_build_object('name', c.name)
  ) ORDER BY a.id DESC), '[]'))
FROM (SELECT * FROM appointments ORDER BY id DESC LIMIT 100) a
JOIN patients p ON p.id = a.patient_id
JOIN users pu ON pu.id = p.user_id
JOIN doctors d ON d.id = a.doctor_id
JOIN users du ON du.id = d.user_id
JOIN clinics c ON c.id = a.clinic_id
