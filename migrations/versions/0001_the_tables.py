"""The tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


TRIGGERS = (
    """
CREATE FUNCTION slots_fill_local_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT (NEW.starts_at AT TIME ZONE time_zone)::date INTO NEW.local_day FROM clinics WHERE id = NEW.clinic_id;
  RETURN NEW;
END $$
""",
    """
CREATE FUNCTION slots_refuse_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a slot does not move: make another one'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'slots_do_not_move', TABLE = 'slots';
END $$
""",
    """
CREATE FUNCTION appointments_copy_slot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT doctor_id, clinic_id, starts_at, ends_at, local_day
    INTO NEW.doctor_id, NEW.clinic_id, NEW.starts_at, NEW.ends_at, NEW.local_day
    FROM slots WHERE id = NEW.slot_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'slot % does not exist', NEW.slot_id
      USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'appointments_slot_id_fkey', TABLE = 'appointments';
  END IF;
  RETURN NEW;
END $$
""",
    """
CREATE FUNCTION appointments_count_seat() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  taken integer;
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.keeps_seat THEN
    UPDATE slots SET booked_count = booked_count - 1, unpaid_count = unpaid_count - OLD.awaits_payment::int
      WHERE id = OLD.slot_id;
    IF NOT OLD.is_override THEN
      UPDATE doctor_days SET booked_count = booked_count - 1
        WHERE doctor_id = OLD.doctor_id AND day = OLD.local_day;
    END IF;
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.keeps_seat THEN
    UPDATE slots SET booked_count = booked_count + 1, unpaid_count = unpaid_count + NEW.awaits_payment::int
      WHERE id = NEW.slot_id;
    IF NOT NEW.is_override THEN
      INSERT INTO doctor_days AS d (doctor_id, day, booked_count) VALUES (NEW.doctor_id, NEW.local_day, 1)
        ON CONFLICT (doctor_id, day) DO UPDATE SET booked_count = d.booked_count + 1
        RETURNING booked_count INTO taken;
      IF taken > (SELECT daily_patient_limit FROM doctors WHERE id = NEW.doctor_id) THEN
        RAISE EXCEPTION 'doctor % has no appointment left on %', NEW.doctor_id, NEW.local_day
          USING ERRCODE = 'check_violation', CONSTRAINT = 'doctor_days_within_daily_limit', TABLE = 'doctor_days';
      END IF;
    END IF;
  END IF;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION holds_count_seat() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.released_at IS NULL THEN
    UPDATE slots SET held_count = held_count - 1 WHERE id = OLD.slot_id;
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.released_at IS NULL THEN
    UPDATE slots SET held_count = held_count + 1 WHERE id = NEW.slot_id;
  END IF;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION ledger_entries_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed bigint := CASE TG_OP WHEN 'DELETE' THEN OLD.transaction_id ELSE NEW.transaction_id END;
BEGIN
  IF EXISTS (SELECT FROM ledger_entries WHERE transaction_id = changed
             GROUP BY currency HAVING sum(amount_minor) <> 0) THEN
    RAISE EXCEPTION 'ledger transaction % does not sum to zero', changed
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entries_balance', TABLE = 'ledger_entries';
  END IF;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION patients_copy_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.user_id IS NOT NULL THEN
    SELECT name INTO NEW.name FROM users WHERE id = NEW.user_id;
  END IF;
  RETURN NEW;
END $$
""",
    """
CREATE FUNCTION users_tell_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE patients SET name = NEW.name WHERE user_id = NEW.id;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME
    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only', TABLE = TG_TABLE_NAME;
END $$
""",
    """
CREATE TRIGGER slots_local_day BEFORE INSERT ON slots
  FOR EACH ROW EXECUTE FUNCTION slots_fill_local_day()
""",
    """
CREATE TRIGGER slots_stay BEFORE UPDATE OF doctor_id, clinic_id, starts_at, ends_at ON slots
  FOR EACH ROW WHEN ((OLD.doctor_id, OLD.clinic_id, OLD.starts_at, OLD.ends_at)
    IS DISTINCT FROM (NEW.doctor_id, NEW.clinic_id, NEW.starts_at, NEW.ends_at))
  EXECUTE FUNCTION slots_refuse_move()
""",
    """
CREATE TRIGGER appointments_slot_copy
  BEFORE INSERT OR UPDATE OF slot_id, doctor_id, clinic_id, starts_at, ends_at, local_day ON appointments
  FOR EACH ROW EXECUTE FUNCTION appointments_copy_slot()
""",
    """
CREATE TRIGGER appointments_seat_added AFTER INSERT OR DELETE ON appointments
  FOR EACH ROW EXECUTE FUNCTION appointments_count_seat()
""",
    """
CREATE TRIGGER appointments_seat_changed AFTER UPDATE ON appointments
  FOR EACH ROW WHEN ((OLD.slot_id, OLD.keeps_seat, OLD.awaits_payment, OLD.is_override)
    IS DISTINCT FROM (NEW.slot_id, NEW.keeps_seat, NEW.awaits_payment, NEW.is_override))
  EXECUTE FUNCTION appointments_count_seat()
""",
    """
CREATE TRIGGER holds_seat_added AFTER INSERT OR DELETE ON holds
  FOR EACH ROW EXECUTE FUNCTION holds_count_seat()
""",
    """
CREATE TRIGGER holds_seat_changed AFTER UPDATE ON holds
  FOR EACH ROW WHEN ((OLD.slot_id, OLD.released_at IS NULL) IS DISTINCT FROM (NEW.slot_id, NEW.released_at IS NULL))
  EXECUTE FUNCTION holds_count_seat()
""",
    """
CREATE CONSTRAINT TRIGGER ledger_entries_balanced AFTER INSERT OR UPDATE OR DELETE ON ledger_entries
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_entries_balance()
""",
    """
CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE ON ledger_entries
  FOR EACH ROW EXECUTE FUNCTION refuse_change()
""",
    """
CREATE TRIGGER patients_name_copy BEFORE INSERT OR UPDATE OF user_id, name ON patients
  FOR EACH ROW EXECUTE FUNCTION patients_copy_name()
""",
    """
CREATE TRIGGER users_name_told AFTER UPDATE OF name ON users
  FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION users_tell_name()
""",
    """
CREATE TRIGGER audit_records_append_only BEFORE UPDATE OR DELETE ON audit_records
  FOR EACH ROW EXECUTE FUNCTION refuse_change()
""",
)


def upgrade() -> None:
    op.create_table(
        "clinics",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=True),
        sa.Column("postal_code", sa.String(), nullable=True),
        sa.Column("country", sa.CHAR(length=2), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("clinics_currency_iso")),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90", name=op.f("clinics_latitude_range")),
        sa.CheckConstraint("longitude BETWEEN -180 AND 180", name=op.f("clinics_longitude_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("clinics_pkey")),
    )
    op.create_index("clinics_city_idx", "clinics", [sa.literal_column("lower(city)"), "id"], unique=False)
    op.create_index("clinics_latitude_idx", "clinics", ["latitude", "longitude"], unique=False)
    op.create_index("clinics_name_idx", "clinics", ["name", "id"], unique=False)
    op.create_index(
        "clinics_name_words_idx",
        "clinics",
        [sa.literal_column("to_tsvector('simple', name)")],
        unique=False,
        postgresql_using="gin",
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("mutation", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("input_hash", sa.LargeBinary(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("owner", "mutation", "key", name=op.f("idempotency_keys_pkey")),
    )
    op.create_index(op.f("idempotency_keys_created_at_idx"), "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "imported_records",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "entity", "external_id", name=op.f("imported_records_pkey")),
    )
    op.create_table(
        "outbox_events",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("aggregate", sa.String(), nullable=False),
        sa.Column("aggregate_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_events_pkey")),
        sa.UniqueConstraint(
            "aggregate", "aggregate_id", "sequence", name=op.f("outbox_events_aggregate_aggregate_id_sequence_key")
        ),
        sa.UniqueConstraint("position", name=op.f("outbox_events_position_key")),
    )
    op.create_index(
        "outbox_events_unpositioned_idx",
        "outbox_events",
        ["id"],
        unique=False,
        postgresql_where=sa.text("position IS NULL"),
    )
    op.create_table(
        "users",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("language", sa.String(), server_default="en", nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "INVITED",
                "ACTIVE",
                "SUSPENDED",
                name="status_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="ACTIVE",
            nullable=False,
        ),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("email_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("email = lower(email)", name=op.f("users_email_lower")),
        sa.PrimaryKeyConstraint("id", name=op.f("users_pkey")),
        sa.UniqueConstraint("email", name=op.f("users_email_key")),
    )
    op.create_index("users_name_idx", "users", ["name", "id"], unique=False)
    op.create_index(
        "users_name_words_idx",
        "users",
        [sa.literal_column("to_tsvector('simple', name)")],
        unique=False,
        postgresql_using="gin",
    )
    op.create_table(
        "clinic_closures",
        sa.Column("clinic_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("clinic_closures_clinic_id_fkey")),
        sa.PrimaryKeyConstraint("clinic_id", "day", name=op.f("clinic_closures_pkey")),
    )
    op.create_table(
        "clinic_policies",
        sa.Column("clinic_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column(
            "confirmation",
            sa.Enum(
                "AUTOMATIC",
                "STAFF",
                "PAYMENT",
                name="confirmation_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("notice_to_book", sa.Interval(), server_default="0", nullable=False),
        sa.Column("notice_to_cancel", sa.Interval(), server_default="0", nullable=False),
        sa.Column("notice_to_reschedule", sa.Interval(), server_default="0", nullable=False),
        sa.Column("max_reschedules", sa.SmallInteger(), server_default="3", nullable=False),
        sa.Column("late_fee_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("no_show_fee_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("payment_window", sa.Interval(), nullable=True),
        sa.Column("hold_time", sa.Interval(), server_default="5 minutes", nullable=False),
        sa.Column("offer_time", sa.Interval(), server_default="2 hours", nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "(confirmation = 'PAYMENT') = (payment_window IS NOT NULL)",
            name=op.f("clinic_policies_payment_window_with_payment"),
        ),
        sa.CheckConstraint(
            "late_fee_minor >= 0 AND no_show_fee_minor >= 0", name=op.f("clinic_policies_fees_not_negative")
        ),
        sa.CheckConstraint("max_reschedules >= 0", name=op.f("clinic_policies_max_reschedules_not_negative")),
        sa.CheckConstraint(
            "least(notice_to_book, notice_to_cancel, notice_to_reschedule) >= interval '0' AND greatest(notice_to_book, notice_to_cancel, notice_to_reschedule) <= interval '366 days'",
            name=op.f("clinic_policies_notices_range"),
        ),
        sa.CheckConstraint(
            "payment_window > interval '0' AND payment_window <= interval '366 days'",
            name=op.f("clinic_policies_window_range"),
        ),
        sa.CheckConstraint(
            "hold_time > interval '0' AND hold_time <= interval '1 hour'",
            name=op.f("clinic_policies_hold_time_range"),
        ),
        sa.CheckConstraint(
            "offer_time > interval '0' AND offer_time <= interval '7 days'",
            name=op.f("clinic_policies_offer_time_range"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("clinic_policies_clinic_id_fkey")),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name=op.f("clinic_policies_created_by_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("clinic_policies_pkey")),
        sa.UniqueConstraint("clinic_id", "version", name=op.f("clinic_policies_clinic_id_version_key")),
    )
    op.create_table(
        "doctors",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "APPLIED",
                "APPROVED",
                "REJECTED",
                "INACTIVE",
                name="status_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("specialty", sa.String(), nullable=False),
        sa.Column("licence_number", sa.String(), nullable=False),
        sa.Column("licence_expires_on", sa.Date(), nullable=True),
        sa.Column("qualifications", sa.String(), nullable=True),
        sa.Column("years_of_experience", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.String()), server_default=sa.text("'{en}'"), nullable=False),
        sa.Column("consultation_fee_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("daily_patient_limit", sa.SmallInteger(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_reason", sa.String(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("doctors_currency_iso")),
        sa.CheckConstraint("consultation_fee_minor >= 0", name=op.f("doctors_fee_not_negative")),
        sa.CheckConstraint("daily_patient_limit > 0", name=op.f("doctors_daily_limit_positive")),
        sa.CheckConstraint("years_of_experience BETWEEN 0 AND 80", name=op.f("doctors_experience_range")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("doctors_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("doctors_pkey")),
        sa.UniqueConstraint("licence_number", name=op.f("doctors_licence_number_key")),
        sa.UniqueConstraint("user_id", name=op.f("doctors_user_id_key")),
    )
    op.create_index("doctors_experience_idx", "doctors", ["years_of_experience", "id"], unique=False)
    op.create_index("doctors_fee_idx", "doctors", ["consultation_fee_minor", "id"], unique=False)
    op.create_index("doctors_languages_idx", "doctors", ["languages"], unique=False, postgresql_using="gin")
    op.create_index("doctors_specialty_idx", "doctors", [sa.literal_column("lower(specialty)"), "id"], unique=False)
    op.create_table(
        "credentials",
        sa.Column("doctor_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "LICENCE",
                "BOARD_CERTIFICATION",
                "INSURANCE",
                "DEGREE",
                "OTHER",
                name="kind_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("documents", postgresql.ARRAY(sa.String()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "SUBMITTED",
                "APPROVED",
                "REJECTED",
                "EXPIRED",
                name="status_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="SUBMITTED",
            nullable=False,
        ),
        sa.Column("submitted_by_id", sa.BigInteger(), nullable=True),
        sa.Column("reviewed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_reason", sa.String(), nullable=True),
        sa.Column("announced_days", sa.SmallInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("status <> 'EXPIRED'", name=op.f("credentials_expired_by_itself")),
        sa.CheckConstraint("expires_on > issued_on", name=op.f("credentials_days_in_order")),
        sa.CheckConstraint(
            "(status = 'SUBMITTED') = (reviewed_at IS NULL)", name=op.f("credentials_reviewed_or_submitted")
        ),
        sa.CheckConstraint("cardinality(documents) <= 20", name=op.f("credentials_documents_few")),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("credentials_doctor_id_fkey")),
        sa.ForeignKeyConstraint(["submitted_by_id"], ["users.id"], name=op.f("credentials_submitted_by_id_fkey")),
        sa.ForeignKeyConstraint(["reviewed_by_id"], ["users.id"], name=op.f("credentials_reviewed_by_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("credentials_pkey")),
    )
    op.create_index(op.f("credentials_doctor_id_id_idx"), "credentials", ["doctor_id", "id"], unique=False)
    op.create_index(
        "credentials_expiry_idx",
        "credentials",
        ["expires_on", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'APPROVED'"),
    )
    op.create_table(
        "patients",
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column(
            "notification_channels",
            postgresql.ARRAY(sa.String()),
            server_default=sa.text("'{EMAIL}'"),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "ACTIVE", "VIP", "INACTIVE", name="status_known", native_enum=False, create_constraint=True, length=32
            ),
            server_default="ACTIVE",
            nullable=False,
        ),
        sa.Column("date_of_birth", sa.Date(), nullable=True),
        sa.Column(
            "blood_group",
            sa.Enum(
                "A_POSITIVE",
                "A_NEGATIVE",
                "B_POSITIVE",
                "B_NEGATIVE",
                "AB_POSITIVE",
                "AB_NEGATIVE",
                "O_POSITIVE",
                "O_NEGATIVE",
                name="blood_group_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("allergies", sa.String(), nullable=True),
        sa.Column("emergency_contact", sa.String(), nullable=True),
        sa.Column("guardian_id", sa.BigInteger(), nullable=True),
        sa.Column("of_age_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("of_age_clinic_id", sa.BigInteger(), nullable=True),
        sa.Column("registered_at_clinic_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(user_id, guardian_id, registered_at_clinic_id) > 0", name=op.f("patients_known_to_somebody")
        ),
        sa.CheckConstraint("guardian_id <> id", name=op.f("patients_not_own_guardian")),
        sa.CheckConstraint(
            "num_nonnulls(guardian_id, of_age_at, of_age_clinic_id) IN (0, 3) AND "
            "(guardian_id IS NULL OR date_of_birth IS NOT NULL)",
            name=op.f("patients_dependant_complete"),
        ),
        sa.CheckConstraint(
            "user_id IS NULL OR num_nonnulls(phone, language) = 0", name=op.f("patients_contact_of_user")
        ),
        sa.CheckConstraint(
            "notification_channels <@ '{EMAIL,SMS,PUSH}'::varchar[]", name=op.f("patients_channels_known")
        ),
        sa.ForeignKeyConstraint(["guardian_id"], ["patients.id"], name=op.f("patients_guardian_id_fkey")),
        sa.ForeignKeyConstraint(["of_age_clinic_id"], ["clinics.id"], name=op.f("patients_of_age_clinic_id_fkey")),
        sa.ForeignKeyConstraint(
            ["registered_at_clinic_id"], ["clinics.id"], name=op.f("patients_registered_at_clinic_id_fkey")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("patients_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("patients_pkey")),
        sa.UniqueConstraint("user_id", name=op.f("patients_user_id_key")),
    )
    op.create_index(op.f("patients_date_of_birth_id_idx"), "patients", ["date_of_birth", "id"], unique=False)
    op.create_index("patients_name_idx", "patients", ["name", "id"], unique=False)
    op.create_index(
        "patients_name_words_idx",
        "patients",
        [sa.literal_column("to_tsvector('simple', name)")],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index(
        "patients_guardian_idx",
        "patients",
        ["guardian_id"],
        unique=False,
        postgresql_where=sa.text("guardian_id IS NOT NULL"),
    )
    op.create_index(
        "patients_registered_idx",
        "patients",
        ["registered_at_clinic_id", "id"],
        unique=False,
        postgresql_where=sa.text("registered_at_clinic_id IS NOT NULL"),
    )
    op.create_table(
        "staff",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("clinic_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "PATIENT",
                "DOCTOR",
                "STAFF",
                "MANAGER",
                "ADMIN",
                name="role_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("role IN ('STAFF', 'MANAGER')", name=op.f("staff_role_of_staff")),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("staff_clinic_id_fkey")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("staff_user_id_fkey")),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("staff_pkey")),
        sa.UniqueConstraint("user_id", "clinic_id", name=op.f("staff_user_id_clinic_id_key")),
    )
    op.create_index(op.f("staff_clinic_id_idx"), "staff", ["clinic_id"], unique=False)
    op.create_table(
        "outgoing_mails",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "VERIFY_EMAIL",
                "ALREADY_REGISTERED",
                "INVITATION",
                "PASSWORD_CHANGED",
                name="kind_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("send_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gave_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("outgoing_mails_user_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("outgoing_mails_pkey")),
    )
    op.create_index(
        "outgoing_mails_pending_idx",
        "outgoing_mails",
        ["send_after", "id"],
        unique=False,
        postgresql_where=sa.text("sent_at IS NULL AND gave_up_at IS NULL"),
    )
    op.create_index(op.f("outgoing_mails_user_id_idx"), "outgoing_mails", ["user_id"], unique=False)
    op.create_table(
        "user_roles",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "PATIENT",
                "DOCTOR",
                "STAFF",
                "MANAGER",
                "ADMIN",
                name="role_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("granted_by_id", sa.BigInteger(), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["granted_by_id"], ["users.id"], name=op.f("user_roles_granted_by_id_fkey")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("user_roles_user_id_fkey")),
        sa.PrimaryKeyConstraint("user_id", "role", name=op.f("user_roles_pkey")),
    )
    op.create_table(
        "audit_records",
        sa.Column("happened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("client_id", sa.String(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), nullable=True),
        sa.Column("patient_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("audit_records_patient_id_fkey")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("audit_records_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_records_pkey")),
    )
    op.create_index(
        "audit_records_happened_idx", "audit_records", ["happened_at"], unique=False, postgresql_using="brin"
    )
    op.create_index(
        "audit_records_patient_idx",
        "audit_records",
        ["patient_id", "id"],
        unique=False,
        postgresql_where=sa.text("patient_id IS NOT NULL"),
    )
    op.create_index("audit_records_user_idx", "audit_records", ["user_id", "id"], unique=False)
    op.create_table(
        "availability_exceptions",
        sa.Column("doctor_id", sa.BigInteger(), nullable=False),
        sa.Column("clinic_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "LEAVE",
                "HOLIDAY",
                "EXTRA_HOURS",
                name="kind_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.Time(), nullable=True),
        sa.Column("ends_at", sa.Time(), nullable=True),
        sa.Column("slot_minutes", sa.SmallInteger(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind <> 'EXTRA_HOURS' OR (starts_at IS NOT NULL AND slot_minutes IS NOT NULL AND clinic_id IS NOT NULL)",
            name=op.f("availability_exceptions_extra_hours_complete"),
        ),
        sa.CheckConstraint("slot_minutes BETWEEN 5 AND 480", name=op.f("availability_exceptions_minutes_range")),
        sa.CheckConstraint(
            "(starts_at IS NULL) = (ends_at IS NULL) AND starts_at < ends_at",
            name=op.f("availability_exceptions_starts_before_end"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("availability_exceptions_clinic_id_fkey")),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("availability_exceptions_doctor_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("availability_exceptions_pkey")),
    )
    op.create_index(
        op.f("availability_exceptions_doctor_id_day_idx"), "availability_exceptions", ["doctor_id", "day"], unique=False
    )
    op.create_table(
        "doctor_clinics",
        sa.Column("doctor_id", sa.BigInteger(), nullable=False),
        sa.Column("clinic_id", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("doctor_clinics_clinic_id_fkey")),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("doctor_clinics_doctor_id_fkey")),
        sa.PrimaryKeyConstraint("doctor_id", "clinic_id", name=op.f("doctor_clinics_pkey")),
    )
    op.create_index(
        op.f("doctor_clinics_clinic_id_doctor_id_idx"), "doctor_clinics", ["clinic_id", "doctor_id"], unique=False
    )
    op.create_table(
        "doctor_days",
        sa.Column("doctor_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("booked_count", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("booked_count >= 0", name=op.f("doctor_days_count_valid")),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("doctor_days_doctor_id_fkey")),
        sa.PrimaryKeyConstraint("doctor_id", "day", name=op.f("doctor_days_pkey")),
    )
    op.create_table(
        "payouts",
        sa.Column("doctor_id", sa.BigInteger(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "DRAFT", "GENERATED", "PAID", name="status_known", native_enum=False, create_constraint=True, length=32
            ),
            server_default="GENERATED",
            nullable=False,
        ),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("period_start <= period_end", name=op.f("payouts_period_valid")),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("payouts_doctor_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("payouts_pkey")),
        sa.UniqueConstraint(
            "doctor_id",
            "currency",
            "period_start",
            "period_end",
            name=op.f("payouts_doctor_id_currency_period_start_period_end_key"),
        ),
    )
    op.create_table(
        "availability_templates",
        sa.Column("doctor_id", sa.BigInteger(), nullable=False),
        sa.Column("clinic_id", sa.BigInteger(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("starts_at", sa.Time(), nullable=False),
        sa.Column("ends_at", sa.Time(), nullable=False),
        sa.Column("slot_minutes", sa.SmallInteger(), nullable=False),
        sa.Column("buffer_minutes", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("capacity", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("capacity >= 1", name=op.f("availability_templates_capacity_positive")),
        sa.CheckConstraint(
            "slot_minutes BETWEEN 5 AND 480 AND buffer_minutes BETWEEN 0 AND 240",
            name=op.f("availability_templates_minutes_range"),
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("availability_templates_starts_before_end")),
        sa.CheckConstraint("valid_until >= valid_from", name=op.f("availability_templates_valid_range")),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name=op.f("availability_templates_weekday_iso")),
        sa.ForeignKeyConstraint(
            ["doctor_id", "clinic_id"],
            ["doctor_clinics.doctor_id", "doctor_clinics.clinic_id"],
            name=op.f("availability_templates_doctor_id_clinic_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("availability_templates_pkey")),
    )
    op.create_index(
        op.f("availability_templates_doctor_id_clinic_id_weekday_idx"),
        "availability_templates",
        ["doctor_id", "clinic_id", "weekday"],
        unique=False,
    )
    op.create_table(
        "slots",
        sa.Column("doctor_id", sa.BigInteger(), nullable=False),
        sa.Column("clinic_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("local_day", sa.Date(), nullable=False),
        sa.Column("capacity", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("booked_count", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("unpaid_count", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("held_count", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("template_id", sa.BigInteger(), nullable=True),
        sa.Column("is_extra", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(doctor_id, doctor_id, '[]')"), "&&"),
            (sa.text("tstzrange(starts_at, blocked_until)"), "&&"),
            where=sa.text("is_active OR booked_count > 0"),
            using="gist",
            name="slots_of_a_doctor_do_not_overlap",
        ),
        sa.CheckConstraint("booked_count + held_count <= capacity", name=op.f("slots_seats_within_capacity")),
        sa.CheckConstraint(
            "booked_count >= 0 AND held_count >= 0 AND unpaid_count BETWEEN 0 AND booked_count",
            name=op.f("slots_counts_valid"),
        ),
        sa.CheckConstraint("capacity >= 1", name=op.f("slots_capacity_positive")),
        sa.CheckConstraint("starts_at < ends_at AND ends_at <= blocked_until", name=op.f("slots_starts_before_end")),
        sa.ForeignKeyConstraint(
            ["doctor_id", "clinic_id"],
            ["doctor_clinics.doctor_id", "doctor_clinics.clinic_id"],
            name=op.f("slots_doctor_id_clinic_id_fkey"),
        ),
        sa.ForeignKeyConstraint(["template_id"], ["availability_templates.id"], name=op.f("slots_template_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("slots_pkey")),
    )
    op.create_index(op.f("slots_clinic_id_starts_at_id_idx"), "slots", ["clinic_id", "starts_at", "id"], unique=False)
    op.create_index(
        "slots_doctor_free_idx",
        "slots",
        ["doctor_id", "starts_at", "id"],
        unique=False,
        postgresql_where=sa.text("is_active AND booked_count - unpaid_count < capacity"),
    )
    op.create_index(op.f("slots_doctor_id_starts_at_id_idx"), "slots", ["doctor_id", "starts_at", "id"], unique=False)
    op.create_index(op.f("slots_starts_at_id_idx"), "slots", ["starts_at", "id"], unique=False)
    op.create_table(
        "appointments",
        sa.Column("slot_id", sa.BigInteger(), nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("doctor_id", sa.BigInteger(), nullable=False),
        sa.Column("clinic_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("local_day", sa.Date(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "PENDING",
                "CONFIRMED",
                "CHECKED_IN",
                "IN_PROGRESS",
                "COMPLETED",
                "CANCELLED",
                "NO_SHOW",
                "DECLINED",
                name="status_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "keeps_seat",
            sa.Boolean(),
            sa.Computed("status NOT IN ('CANCELLED', 'DECLINED')", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "awaits_payment",
            sa.Boolean(),
            sa.Computed("status = 'PENDING' AND pay_by IS NOT NULL", persisted=True),
            nullable=False,
        ),
        sa.Column("pay_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("cancel_reason", sa.String(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("policy_id", sa.BigInteger(), nullable=True),
        sa.Column("booked_by_id", sa.BigInteger(), nullable=True),
        sa.Column("booked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("reschedule_count", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("is_first_visit", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_override", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(patient_id, patient_id, '[]')"), "&&"),
            (sa.text("tstzrange(starts_at, ends_at)"), "&&"),
            where=sa.text("keeps_seat"),
            using="gist",
            name="appointments_of_a_patient_do_not_overlap",
        ),
        sa.CheckConstraint("reschedule_count >= 0", name=op.f("appointments_reschedule_count_valid")),
        sa.ForeignKeyConstraint(["booked_by_id"], ["users.id"], name=op.f("appointments_booked_by_id_fkey")),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("appointments_clinic_id_fkey")),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("appointments_doctor_id_fkey")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("appointments_patient_id_fkey")),
        sa.ForeignKeyConstraint(["policy_id"], ["clinic_policies.id"], name=op.f("appointments_policy_id_fkey")),
        sa.ForeignKeyConstraint(["slot_id"], ["slots.id"], name=op.f("appointments_slot_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("appointments_pkey")),
    )
    op.create_index(
        op.f("appointments_clinic_id_starts_at_id_idx"), "appointments", ["clinic_id", "starts_at", "id"], unique=False
    )
    op.create_index("appointments_clinic_patient_idx", "appointments", ["clinic_id", "patient_id"], unique=False)
    op.create_index(
        "appointments_doctor_unpaid_idx",
        "appointments",
        ["doctor_id", "local_day"],
        unique=False,
        postgresql_where=sa.text("awaits_payment"),
    )
    op.create_index(
        "appointments_patient_unpaid_idx",
        "appointments",
        ["patient_id"],
        unique=False,
        postgresql_where=sa.text("awaits_payment"),
    )
    op.create_index(
        op.f("appointments_doctor_id_starts_at_id_idx"), "appointments", ["doctor_id", "starts_at", "id"], unique=False
    )
    op.create_index(
        "appointments_doctor_patient_idx",
        "appointments",
        ["doctor_id", "patient_id"],
        unique=False,
        postgresql_where=sa.text("keeps_seat"),
    )
    op.create_index(
        op.f("appointments_patient_id_starts_at_id_idx"),
        "appointments",
        ["patient_id", "starts_at", "id"],
        unique=False,
    )
    op.create_index(op.f("appointments_slot_id_idx"), "appointments", ["slot_id"], unique=False)
    op.create_index(op.f("appointments_starts_at_id_idx"), "appointments", ["starts_at", "id"], unique=False)
    op.create_table(
        "holds",
        sa.Column("slot_id", sa.BigInteger(), nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("held_by_id", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("renewals", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("renewals BETWEEN 0 AND 1", name=op.f("holds_renewed_once")),
        sa.ForeignKeyConstraint(["held_by_id"], ["users.id"], name=op.f("holds_held_by_id_fkey")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("holds_patient_id_fkey")),
        sa.ForeignKeyConstraint(["slot_id"], ["slots.id"], name=op.f("holds_slot_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("holds_pkey")),
    )
    op.create_index(op.f("holds_patient_id_idx"), "holds", ["patient_id"], unique=False)
    op.create_index(op.f("holds_slot_id_idx"), "holds", ["slot_id"], unique=False)
    op.create_index(
        "holds_slot_live_idx",
        "holds",
        ["slot_id", "expires_at"],
        unique=False,
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.create_table(
        "appointment_timeline",
        sa.Column("appointment_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "from_status",
            sa.Enum(
                "PENDING",
                "CONFIRMED",
                "CHECKED_IN",
                "IN_PROGRESS",
                "COMPLETED",
                "CANCELLED",
                "NO_SHOW",
                "DECLINED",
                name="from_status_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "to_status",
            sa.Enum(
                "PENDING",
                "CONFIRMED",
                "CHECKED_IN",
                "IN_PROGRESS",
                "COMPLETED",
                "CANCELLED",
                "NO_SHOW",
                "DECLINED",
                name="to_status_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("from_slot_id", sa.BigInteger(), nullable=True),
        sa.Column("to_slot_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("client_id", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("appointment_timeline_actor_id_fkey")),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name=op.f("appointment_timeline_appointment_id_fkey")
        ),
        sa.ForeignKeyConstraint(["from_slot_id"], ["slots.id"], name=op.f("appointment_timeline_from_slot_id_fkey")),
        sa.ForeignKeyConstraint(["to_slot_id"], ["slots.id"], name=op.f("appointment_timeline_to_slot_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("appointment_timeline_pkey")),
    )
    op.create_index(
        op.f("appointment_timeline_appointment_id_id_idx"),
        "appointment_timeline",
        ["appointment_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("appointment_timeline_from_slot_id_idx"),
        "appointment_timeline",
        ["from_slot_id"],
        unique=False,
        postgresql_where=sa.text("from_slot_id IS NOT NULL"),
    )
    op.create_index(op.f("appointment_timeline_to_slot_id_idx"), "appointment_timeline", ["to_slot_id"], unique=False)
    op.create_table(
        "payments",
        sa.Column("appointment_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "VISIT",
                "LATE_FEE",
                "NO_SHOW_FEE",
                name="kind_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="VISIT",
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "PENDING",
                "AUTHORIZED",
                "CAPTURED",
                "PARTIALLY_REFUNDED",
                "REFUNDED",
                "FAILED",
                "VOIDED",
                name="status_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="PENDING",
            nullable=False,
        ),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("covered_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("captured_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("kept_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("gateway", sa.String(), nullable=True),
        sa.Column("gateway_reference", sa.String(), nullable=True),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("payments_currency_iso")),
        sa.CheckConstraint("amount_minor >= 0 AND covered_minor >= 0", name=op.f("payments_amounts_not_negative")),
        sa.CheckConstraint("captured_minor >= 0", name=op.f("payments_captured_not_negative")),
        sa.CheckConstraint("kept_minor BETWEEN 0 AND amount_minor", name=op.f("payments_kept_within_amount")),
        sa.CheckConstraint(
            "refunded_minor BETWEEN 0 AND captured_minor", name=op.f("payments_refunded_within_captured")
        ),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointments.id"], name=op.f("payments_appointment_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("payments_pkey")),
        sa.UniqueConstraint("gateway", "gateway_reference", name=op.f("payments_gateway_gateway_reference_key")),
    )
    op.create_index(op.f("payments_appointment_id_id_idx"), "payments", ["appointment_id", "id"], unique=False)
    op.create_index(
        "payments_appointment_visit_key",
        "payments",
        ["appointment_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'VISIT'"),
    )
    op.create_table(
        "waitlist_entries",
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("appointment_id", sa.BigInteger(), nullable=True),
        sa.Column("doctor_ids", sa.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("clinic_ids", sa.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("specialty", sa.String(), nullable=True),
        sa.Column("windows", postgresql.TSTZMULTIRANGE(), server_default=sa.text("'{(,)}'"), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "WAITING",
                "OFFERED",
                "BOOKED",
                "LEFT",
                "EXPIRED",
                name="status_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="WAITING",
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name=op.f("waitlist_entries_appointment_id_fkey")
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("waitlist_entries_patient_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("waitlist_entries_pkey")),
    )
    op.create_index(
        "waitlist_entries_open_idx",
        "waitlist_entries",
        ["id"],
        unique=False,
        postgresql_where=sa.text("status IN ('WAITING', 'OFFERED')"),
    )
    op.create_index(op.f("waitlist_entries_patient_id_idx"), "waitlist_entries", ["patient_id"], unique=False)
    op.create_table(
        "ledger_transactions",
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=True),
        sa.Column("payout_id", sa.BigInteger(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("ledger_transactions_payment_id_fkey")),
        sa.ForeignKeyConstraint(["payout_id"], ["payouts.id"], name=op.f("ledger_transactions_payout_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("ledger_transactions_pkey")),
    )
    op.create_index(op.f("ledger_transactions_payment_id_idx"), "ledger_transactions", ["payment_id"], unique=False)
    op.create_index(op.f("ledger_transactions_payout_id_idx"), "ledger_transactions", ["payout_id"], unique=False)
    op.create_table(
        "payment_events",
        sa.Column("payment_id", sa.BigInteger(), nullable=True),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "AUTHORIZED",
                "CAPTURED",
                "REFUNDED",
                "FAILED",
                "VOIDED",
                "OTHER",
                name="kind_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("amount_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("by_hand", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("payment_events_payment_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("payment_events_pkey")),
        sa.UniqueConstraint("provider", "event_id", name=op.f("payment_events_provider_event_id_key")),
    )
    op.create_index(op.f("payment_events_payment_id_id_idx"), "payment_events", ["payment_id", "id"], unique=False)
    op.create_table(
        "payment_sessions",
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("is_manual", sa.Boolean(), nullable=False),
        sa.Column("return_url", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("client_token", sa.String(), nullable=True),
        sa.Column("checkout_url", sa.String(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("payment_sessions_amount_positive")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("payment_sessions_payment_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("payment_sessions_pkey")),
        sa.UniqueConstraint("gateway", "reference", name=op.f("payment_sessions_gateway_reference_key")),
    )
    op.create_index(
        "payment_sessions_open_idx",
        "payment_sessions",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(op.f("payment_sessions_payment_id_id_idx"), "payment_sessions", ["payment_id", "id"], unique=False)
    op.create_table(
        "gateway_requests",
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=True),
        sa.Column("after_id", sa.BigInteger(), nullable=True),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "CREATE_SESSION",
                "EXPIRE_SESSION",
                "CAPTURE",
                "VOID",
                "REFUND",
                name="kind_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("is_duplicate", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_automatic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "OPEN",
                "DONE",
                "DECLINED",
                "REFUSED",
                name="status_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="OPEN",
            nullable=False,
        ),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("gateway_requests_amount_positive")),
        sa.ForeignKeyConstraint(["after_id"], ["gateway_requests.id"], name=op.f("gateway_requests_after_id_fkey")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["users.id"], name=op.f("gateway_requests_asked_by_id_fkey")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("gateway_requests_payment_id_fkey")),
        sa.ForeignKeyConstraint(["session_id"], ["payment_sessions.id"], name=op.f("gateway_requests_session_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("gateway_requests_pkey")),
        sa.UniqueConstraint("key", name=op.f("gateway_requests_key_key")),
    )
    op.create_index(
        "gateway_requests_open_idx",
        "gateway_requests",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'OPEN'"),
    )
    op.create_index(op.f("gateway_requests_payment_id_id_idx"), "gateway_requests", ["payment_id", "id"], unique=False)
    op.create_index("gateway_requests_session_idx", "gateway_requests", ["session_id"], unique=False)
    op.create_table(
        "waitlist_offers",
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("slot_id", sa.BigInteger(), nullable=False),
        sa.Column("hold_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "OPEN",
                "ACCEPTED",
                "DECLINED",
                "EXPIRED",
                name="status_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="OPEN",
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["waitlist_entries.id"], name=op.f("waitlist_offers_entry_id_fkey")),
        sa.ForeignKeyConstraint(["hold_id"], ["holds.id"], name=op.f("waitlist_offers_hold_id_fkey")),
        sa.ForeignKeyConstraint(["slot_id"], ["slots.id"], name=op.f("waitlist_offers_slot_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("waitlist_offers_pkey")),
        sa.UniqueConstraint("hold_id", name=op.f("waitlist_offers_hold_id_key")),
    )
    op.create_index(
        "waitlist_offers_entry_open_key",
        "waitlist_offers",
        ["entry_id"],
        unique=True,
        postgresql_where=sa.text("status = 'OPEN'"),
    )
    op.create_index(op.f("waitlist_offers_slot_id_idx"), "waitlist_offers", ["slot_id"], unique=False)
    op.create_table(
        "ledger_entries",
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "account",
            sa.Enum(
                "PATIENT_RECEIVABLE",
                "GATEWAY_CLEARING",
                "DOCTOR_PAYABLE",
                "PLATFORM_FEE",
                "REFUNDS",
                name="account_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("doctor_id", sa.BigInteger(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "(account = 'DOCTOR_PAYABLE') = (doctor_id IS NOT NULL)", name=op.f("ledger_entries_doctor_with_payable")
        ),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ledger_entries_amount_not_zero")),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("ledger_entries_doctor_id_fkey")),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["ledger_transactions.id"], name=op.f("ledger_entries_transaction_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("ledger_entries_pkey")),
    )
    op.create_index(
        "ledger_entries_doctor_idx",
        "ledger_entries",
        ["doctor_id", "id"],
        unique=False,
        postgresql_where=sa.text("doctor_id IS NOT NULL"),
    )
    op.create_index(op.f("ledger_entries_transaction_id_idx"), "ledger_entries", ["transaction_id"], unique=False)
    op.create_table(
        "sandbox_payments",
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("created_key", sa.String(), nullable=False),
        sa.Column("payment", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("is_manual", sa.Boolean(), nullable=False),
        sa.Column("return_url", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "OPEN",
                "HELD",
                "CAPTURED",
                "VOIDED",
                "EXPIRED",
                name="status_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="OPEN",
            nullable=False,
        ),
        sa.Column("captured_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("faults", postgresql.ARRAY(sa.String()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("answered", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint(
            "captured_minor BETWEEN 0 AND amount_minor", name=op.f("sandbox_payments_captured_within_amount")
        ),
        sa.CheckConstraint(
            "refunded_minor BETWEEN 0 AND captured_minor", name=op.f("sandbox_payments_refunded_within_captured")
        ),
        sa.PrimaryKeyConstraint("reference", name=op.f("sandbox_payments_pkey")),
        sa.UniqueConstraint("created_key", name=op.f("sandbox_payments_created_key_key")),
    )
    op.create_index(
        "sandbox_payments_open_idx",
        "sandbox_payments",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status = 'OPEN'"),
    )
    op.create_table(
        "sandbox_events",
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "AUTHORIZED",
                "CAPTURED",
                "REFUNDED",
                "FAILED",
                "VOIDED",
                "OTHER",
                name="kind_known",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sends_left", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["reference"], ["sandbox_payments.reference"], name=op.f("sandbox_events_reference_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("sandbox_events_pkey")),
        sa.UniqueConstraint("event_id", name=op.f("sandbox_events_event_id_key")),
    )
    op.create_index(
        "sandbox_events_due_idx",
        "sandbox_events",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(op.f("sandbox_events_reference_idx"), "sandbox_events", ["reference"], unique=False)
    for statement in TRIGGERS:
        op.execute(statement)


def downgrade() -> None:
    op.drop_index(op.f("sandbox_events_reference_idx"), table_name="sandbox_events")
    op.drop_index("sandbox_events_due_idx", table_name="sandbox_events", postgresql_where=sa.text("due_at IS NOT NULL"))
    op.drop_table("sandbox_events")
    op.drop_index(
        "sandbox_payments_open_idx", table_name="sandbox_payments", postgresql_where=sa.text("status = 'OPEN'")
    )
    op.drop_table("sandbox_payments")
    op.drop_index(op.f("ledger_entries_transaction_id_idx"), table_name="ledger_entries")
    op.drop_index(
        "ledger_entries_doctor_idx", table_name="ledger_entries", postgresql_where=sa.text("doctor_id IS NOT NULL")
    )
    op.drop_table("ledger_entries")
    op.drop_index(op.f("waitlist_offers_slot_id_idx"), table_name="waitlist_offers")
    op.drop_index(
        "waitlist_offers_entry_open_key", table_name="waitlist_offers", postgresql_where=sa.text("status = 'OPEN'")
    )
    op.drop_table("waitlist_offers")
    op.drop_table("gateway_requests")
    op.drop_table("payment_sessions")
    op.drop_index(op.f("payment_events_payment_id_id_idx"), table_name="payment_events")
    op.drop_table("payment_events")
    op.drop_index(op.f("ledger_transactions_payout_id_idx"), table_name="ledger_transactions")
    op.drop_index(op.f("ledger_transactions_payment_id_idx"), table_name="ledger_transactions")
    op.drop_table("ledger_transactions")
    op.drop_index(op.f("waitlist_entries_patient_id_idx"), table_name="waitlist_entries")
    op.drop_index(
        "waitlist_entries_open_idx",
        table_name="waitlist_entries",
        postgresql_where=sa.text("status IN ('WAITING', 'OFFERED')"),
    )
    op.drop_table("waitlist_entries")
    op.drop_index("payments_appointment_visit_key", table_name="payments", postgresql_where=sa.text("kind = 'VISIT'"))
    op.drop_index(op.f("payments_appointment_id_id_idx"), table_name="payments")
    op.drop_table("payments")
    op.drop_index(op.f("appointment_timeline_to_slot_id_idx"), table_name="appointment_timeline")
    op.drop_index(
        op.f("appointment_timeline_from_slot_id_idx"),
        table_name="appointment_timeline",
        postgresql_where=sa.text("from_slot_id IS NOT NULL"),
    )
    op.drop_index(op.f("appointment_timeline_appointment_id_id_idx"), table_name="appointment_timeline")
    op.drop_table("appointment_timeline")
    op.drop_index("holds_slot_live_idx", table_name="holds", postgresql_where=sa.text("released_at IS NULL"))
    op.drop_index(op.f("holds_slot_id_idx"), table_name="holds")
    op.drop_index(op.f("holds_patient_id_idx"), table_name="holds")
    op.drop_table("holds")
    op.drop_index(op.f("appointments_starts_at_id_idx"), table_name="appointments")
    op.drop_index(op.f("appointments_slot_id_idx"), table_name="appointments")
    op.drop_index(op.f("appointments_patient_id_starts_at_id_idx"), table_name="appointments")
    op.drop_index("appointments_doctor_patient_idx", table_name="appointments", postgresql_where=sa.text("keeps_seat"))
    op.drop_index(op.f("appointments_doctor_id_starts_at_id_idx"), table_name="appointments")
    op.drop_index("appointments_patient_unpaid_idx", table_name="appointments")
    op.drop_index("appointments_doctor_unpaid_idx", table_name="appointments")
    op.drop_index("appointments_clinic_patient_idx", table_name="appointments")
    op.drop_index(op.f("appointments_clinic_id_starts_at_id_idx"), table_name="appointments")
    op.drop_table("appointments")
    op.drop_index(op.f("slots_starts_at_id_idx"), table_name="slots")
    op.drop_index(op.f("slots_doctor_id_starts_at_id_idx"), table_name="slots")
    op.drop_index(
        "slots_doctor_free_idx",
        table_name="slots",
        postgresql_where=sa.text("is_active AND booked_count - unpaid_count < capacity"),
    )
    op.drop_index(op.f("slots_clinic_id_starts_at_id_idx"), table_name="slots")
    op.drop_table("slots")
    op.drop_index(op.f("availability_templates_doctor_id_clinic_id_weekday_idx"), table_name="availability_templates")
    op.drop_table("availability_templates")
    op.drop_table("payouts")
    op.drop_table("doctor_days")
    op.drop_index(op.f("doctor_clinics_clinic_id_doctor_id_idx"), table_name="doctor_clinics")
    op.drop_table("doctor_clinics")
    op.drop_index(op.f("availability_exceptions_doctor_id_day_idx"), table_name="availability_exceptions")
    op.drop_table("availability_exceptions")
    op.drop_index("audit_records_user_idx", table_name="audit_records")
    op.drop_index(
        "audit_records_patient_idx", table_name="audit_records", postgresql_where=sa.text("patient_id IS NOT NULL")
    )
    op.drop_index("audit_records_happened_idx", table_name="audit_records")
    op.drop_table("audit_records")
    op.drop_table("user_roles")
    op.drop_index(op.f("outgoing_mails_user_id_idx"), table_name="outgoing_mails")
    op.drop_index("outgoing_mails_pending_idx", table_name="outgoing_mails")
    op.drop_table("outgoing_mails")
    op.drop_index(op.f("staff_clinic_id_idx"), table_name="staff")
    op.drop_table("staff")
    op.drop_index(op.f("patients_date_of_birth_id_idx"), table_name="patients")
    op.drop_table("patients")
    op.drop_table("credentials")
    op.drop_index("doctors_specialty_idx", table_name="doctors")
    op.drop_index("doctors_languages_idx", table_name="doctors", postgresql_using="gin")
    op.drop_index("doctors_fee_idx", table_name="doctors")
    op.drop_index("doctors_experience_idx", table_name="doctors")
    op.drop_table("doctors")
    op.drop_table("clinic_policies")
    op.drop_table("clinic_closures")
    op.drop_index("users_name_words_idx", table_name="users", postgresql_using="gin")
    op.drop_index("users_name_idx", table_name="users")
    op.drop_table("users")
    op.drop_index(
        "outbox_events_unpositioned_idx", table_name="outbox_events", postgresql_where=sa.text("position IS NULL")
    )
    op.drop_table("outbox_events")
    op.drop_table("imported_records")
    op.drop_index(op.f("idempotency_keys_created_at_idx"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_index("clinics_name_words_idx", table_name="clinics", postgresql_using="gin")
    op.drop_index("clinics_name_idx", table_name="clinics")
    op.drop_index("clinics_latitude_idx", table_name="clinics")
    op.drop_index("clinics_city_idx", table_name="clinics")
    op.drop_table("clinics")
    for function in (
        "slots_fill_local_day",
        "slots_refuse_move",
        "appointments_copy_slot",
        "appointments_count_seat",
        "holds_count_seat",
        "ledger_entries_balance",
        "patients_copy_name",
        "users_tell_name",
        "refuse_change",
    ):
        op.execute(f"DROP FUNCTION {function}()")
