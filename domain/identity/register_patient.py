"""Registering oneself as a patient."""

from datetime import date

from auth.passwords import hash_password
from domain.identity.attempts import begin_tries
from domain.identity.particulars import Wrong
from domain.session import Session

EARLIEST_BIRTH = date(1900, 1, 1)

# One statement whether the address is known or not, so that both take the same way. Somebody who was invited, or has
# registered and not yet verified, gets her link again; with it goes the password that was chosen first.
REGISTER = """
WITH made AS (
  INSERT INTO users (name, email, phone, language, status, password_hash, created_at, updated_at)
  VALUES ($1, $2, $3, $4, 'INVITED', $5, $7, $7) ON CONFLICT (email) DO NOTHING RETURNING id
), granted AS (
  INSERT INTO user_roles (user_id, role, granted_at) SELECT id, 'PATIENT', $7 FROM made
), patient AS (
  INSERT INTO patients (user_id, date_of_birth, created_at, updated_at) SELECT id, $6, $7, $7 FROM made RETURNING id
), person AS (
  SELECT id, 'VERIFY_EMAIL' AS kind FROM made
  UNION ALL
  SELECT id, CASE WHEN status <> 'INVITED' THEN 'ALREADY_REGISTERED' WHEN password_hash IS NULL THEN 'INVITATION'
             ELSE 'VERIFY_EMAIL' END
  FROM users WHERE email = $2
), mailed AS (
  INSERT INTO outgoing_mails (user_id, kind, created_at, send_after) SELECT id, kind, $7, $7 FROM person WHERE $8
)
SELECT (SELECT id FROM made) AS user_id, (SELECT id FROM patient) AS patient_id, (SELECT id FROM person) AS known_id
"""


async def register_patient(
    session: Session, *, name: str, email: str, password: str, phone: str | None, language: str, born: date | None
) -> str:
    """Makes a user who can sign in once she has verified her address, and her patient profile; returns the address.

    What is answered, and how long that takes, does not tell whether the address is known; a mail to it does. Five
    mails go to an address in a quarter of an hour. Raises Invalid.
    """
    wrong = Wrong()
    name, address, phone = wrong.name(name), wrong.email(email), wrong.phone(phone)
    language, password = wrong.language(language), wrong.password("password", password, address)
    if born is not None and not EARLIEST_BIRTH <= born <= session.now.date():
        wrong["dateOfBirth"] = "this is not a day of birth"
    wrong.check()
    hashed = await hash_password(password, session.installation.password_work)
    tries = await begin_tries(session, "registration", address)
    if tries is not None:
        await tries.fail("email", "")
    ((user_id, patient_id, known_id),) = await session.run(
        REGISTER, name, address, phone, language, hashed, born, session.now, tries is not None
    )
    session.audit("User", known_id, patient_id=patient_id)
    if user_id is not None:
        session.emit("user.created", "User", user_id, user_id=user_id)
        session.emit("patient.created", "Patient", patient_id, patient_id=patient_id)
    return address
