SELECT json_build_object('doctor', json_build_object(
  'specialty', specialty, 'yearsOfExperience', years_of_experience, 'licenceNumber', licence_number))
FROM doctors WHERE id = :doctor
