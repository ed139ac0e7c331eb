// The database and the schema that Mercurius and Yoga share: minimal columns, one statement per batch of keys.
import { readFileSync } from 'node:fs';
import { GraphQLScalarType, Kind } from 'graphql';
import postgres from 'postgres';

const day = { to: 1082, from: [1082], serialize: text => text, parse: text => text };
const bigint = { to: 20, from: [20], serialize: String, parse: Number };
const sql = postgres({
  host: process.env.PGHOST, port: Number(process.env.PGPORT), user: process.env.PGUSER,
  password: process.env.PGPASSWORD, database: process.env.PGDATABASE,
  max: 10, onnotice() {}, types: { day, bigint },
  connection: { random_page_cost: '1.1', jit: 'off', timezone: 'UTC' },
});
const now = new Date(process.env.BENCH_NOW);

export const typeDefs = readFileSync(new URL('schema.graphql', import.meta.url), 'utf8');

const instant = text => {
  const value = new Date(text);
  if (Number.isNaN(value.valueOf())) throw new TypeError('an instant is expected');
  return value;
};
export const scalars = {
  DateTime: new GraphQLScalarType({
    name: 'DateTime', serialize: value => value.toISOString(), parseValue: instant,
    parseLiteral: node => (node.kind === Kind.STRING ? instant(node.value) : null),
  }),
  Date: new GraphQLScalarType({
    name: 'Date', serialize: value => value, parseValue: value => value, parseLiteral: node => node.value,
  }),
};

const distinct = keys => [...new Set(keys)];
const byColumn = (keys, rows, column = 'id') => {
  const found = new Map(rows.map(row => [row[column], row]));
  return keys.map(key => found.get(key) ?? null);
};
const grouped = (keys, rows) => {
  const groups = new Map(keys.map(key => [key, []]));
  for (const row of rows) groups.get(row.doctorId).push(row);
  return keys.map(key => groups.get(key));
};
const DOCTOR = sql`id, user_id AS "userId", specialty, years_of_experience AS "yearsOfExperience",
  licence_number AS "licenceNumber"`;
const APPOINTMENT = sql`id, status, reason, booked_at AS "bookedAt", patient_id AS "patientId",
  doctor_id AS "doctorId", clinic_id AS "clinicId", slot_id AS "slotId"`;
const MINUTES = sql`(extract(epoch FROM s.ends_at - s.starts_at) / 60)::int AS "durationMinutes"`;
const SEATS = sql`(s.capacity - s.booked_count - s.held_count + CASE WHEN s.held_count + s.unpaid_count > 0 THEN
  (SELECT count(*) FROM holds h WHERE h.slot_id = s.id AND h.released_at IS NULL AND h.expires_at <= ${now})
  + (SELECT count(*) FROM appointments x WHERE x.slot_id = s.id AND x.awaits_payment AND x.pay_by <= ${now})
  ELSE 0 END)::int`;

// Each answers a list of keys in their order.
export const batches = {
  user: async ids => byColumn(ids, await sql`SELECT id, name FROM users WHERE id = ANY(${distinct(ids)}::bigint[])`),
  clinic: async ids =>
    byColumn(ids, await sql`SELECT id, name, city FROM clinics WHERE id = ANY(${distinct(ids)}::bigint[])`),
  doctor: async ids =>
    byColumn(ids, await sql`SELECT ${DOCTOR} FROM doctors WHERE id = ANY(${distinct(ids)}::bigint[])`),
  patient: async ids => byColumn(ids, await sql`
    SELECT id, user_id AS "userId", date_of_birth AS "dateOfBirth", blood_group AS "bloodGroup"
    FROM patients WHERE id = ANY(${distinct(ids)}::bigint[])`),
  slot: async ids => byColumn(ids, await sql`
    SELECT s.id, s.starts_at AS start, ${MINUTES}, ${SEATS} AS "availableSeats"
    FROM slots s WHERE s.id = ANY(${distinct(ids)}::bigint[])`),
  payment: async ids => byColumn(ids, await sql`
    SELECT appointment_id AS "appointmentId", status, amount_minor AS amount, currency
    FROM payments WHERE appointment_id = ANY(${distinct(ids)}::bigint[]) AND kind = 'VISIT'`, 'appointmentId'),
  clinics: async ids => grouped(ids, await sql`
    SELECT w.doctor_id AS "doctorId", c.id, c.name, c.city
    FROM doctor_clinics w JOIN clinics c ON c.id = w.clinic_id
    WHERE w.doctor_id = ANY(${distinct(ids)}::bigint[]) AND w.ended_at IS NULL ORDER BY c.name, c.id`),
  nextSlots: async (ids, first) => grouped(ids, await sql`
    SELECT f.* FROM doctors d CROSS JOIN LATERAL (
      SELECT s.doctor_id AS "doctorId", s.id, s.starts_at AS start, ${MINUTES}, ${SEATS} AS "availableSeats"
      FROM slots s JOIN clinics c ON c.id = s.clinic_id
      WHERE s.doctor_id = d.id AND s.is_active AND s.booked_count - s.unpaid_count < s.capacity
        AND s.starts_at > ${now} AND ${SEATS} > 0 AND c.is_active AND d.status = 'APPROVED'
        AND (d.licence_expires_on IS NULL OR s.local_day < d.licence_expires_on)
      ORDER BY s.starts_at, s.id LIMIT ${first}) f
    WHERE d.id = ANY(${distinct(ids)}::bigint[])`),
};

export const appointmentsOfDoctor = (doctor, { from, to, first }) => sql`
  SELECT ${APPOINTMENT} FROM appointments WHERE doctor_id = ${doctor.id} AND starts_at >= ${from} AND starts_at < ${to}
  ORDER BY starts_at, id LIMIT ${first}`;

export const roots = {
  doctors: (_, { specialty, first }) =>
    sql`SELECT ${DOCTOR} FROM doctors WHERE lower(specialty) = lower(${specialty}) ORDER BY id LIMIT ${first}`,
  latestAppointments: (_, { first }) =>
    sql`SELECT ${APPOINTMENT} FROM appointments ORDER BY id DESC LIMIT ${first}`,
  doctorDashboard: (_, { doctor, from, to }) => ({ doctorId: doctor, from, to }),
  clinicDashboard: (_, { clinic, from, to }) => ({ clinicId: clinic, from, to }),
  adminDashboard: (_, range) => range,
  freeSlots: (_, { specialty, latitude, longitude, radius, from, to, first }) => sql`
    SELECT s.id, s.starts_at AS start, ${MINUTES}, ${SEATS} AS "availableSeats",
      s.doctor_id AS "doctorId", s.clinic_id AS "clinicId"
    FROM slots s JOIN clinics c ON c.id = s.clinic_id JOIN doctors d ON d.id = s.doctor_id
    WHERE s.is_active AND s.booked_count - s.unpaid_count < s.capacity
      AND s.starts_at > ${now} AND s.starts_at >= ${from} AND s.starts_at < ${to} AND ${SEATS} > 0
      AND c.is_active AND d.status = 'APPROVED' AND lower(d.specialty) = lower(${specialty})
      AND (d.licence_expires_on IS NULL OR s.local_day < d.licence_expires_on)
      AND c.latitude BETWEEN ${latitude}::float8 - ${radius}::float8 / 111 AND ${latitude}::float8 + ${radius}::float8 / 111
      AND 2 * 6371 * asin(sqrt(least(power(sin(radians(c.latitude - ${latitude}::float8) / 2), 2)
        + cos(radians(${latitude}::float8)) * cos(radians(c.latitude))
        * power(sin(radians(c.longitude - ${longitude}::float8) / 2), 2), 1))) <= ${radius}::float8
    ORDER BY s.starts_at, s.id LIMIT ${first}`,
};

// Dashboards add up the raw tables, a statement for each section; a doctor's or a clinic's through their indexes.
const whose = ({ doctorId, clinicId }) => {
  if (doctorId) return sql`t.doctor_id = ${doctorId}`;
  return clinicId ? sql`t.clinic_id = ${clinicId}` : sql`true`;
};
const within = range => {
  const { doctorId, clinicId, from, to } = range;
  const indexed = sql`AND t.starts_at >= ${from}::date - 2 AND t.starts_at < ${to}::date + 3`;
  return sql`${whose(range)} AND t.local_day BETWEEN ${from}::date AND ${to}::date ${doctorId || clinicId ? indexed : sql``}`;
};
const count = name => sql`count(*) FILTER (WHERE status = ${name})::int`;
const statuses = async range => (await sql`
  SELECT ${count('PENDING')} AS pending, ${count('CONFIRMED')} AS confirmed, ${count('CHECKED_IN')} AS "checkedIn",
    ${count('IN_PROGRESS')} AS "inProgress", ${count('COMPLETED')} AS completed, ${count('CANCELLED')} AS cancelled,
    ${count('NO_SHOW')} AS "noShow", ${count('DECLINED')} AS declined, count(*)::int AS total
  FROM appointments t WHERE ${within(range)}`)[0];
const utilisation = async range => (await sql`
  SELECT coalesce(sum(CASE WHEN is_active THEN capacity ELSE booked_count END), 0)::int AS offered,
    coalesce(sum(booked_count), 0)::int AS taken
  FROM slots t WHERE ${within(range)}`)[0];
const patients = async range => (await sql`
  SELECT count(*) FILTER (WHERE is_first_visit)::int AS new,
    count(*) FILTER (WHERE NOT is_first_visit)::int AS returning
  FROM appointments t WHERE keeps_seat AND ${within(range)}`)[0];
const revenue = async range => (await sql`
  SELECT p.currency, sum(p.captured_minor)::float8 AS captured, sum(p.refunded_minor)::float8 AS refunded
  FROM payments p JOIN appointments t ON t.id = p.appointment_id JOIN clinics c ON c.id = t.clinic_id
  WHERE ${whose(range)} AND p.captured_minor <> 0
    AND (coalesce(p.captured_at, p.created_at) AT TIME ZONE c.time_zone)::date
      BETWEEN ${range.from}::date AND ${range.to}::date
  GROUP BY p.currency ORDER BY p.currency`).map(row => (
  { currency: row.currency, captured: { amount: row.captured }, refunded: { amount: row.refunded } }));
const topClinicsByBookings = (range, { first }) => sql`
  SELECT clinic_id AS "clinicId", count(*)::int AS bookings FROM appointments t
  WHERE keeps_seat AND ${within(range)} GROUP BY clinic_id ORDER BY count(*) DESC, clinic_id LIMIT ${first}`;
const topDoctorsByBookings = (range, { first }) => sql`
  SELECT doctor_id AS "doctorId", count(*)::int AS bookings FROM appointments t
  WHERE keeps_seat AND ${within(range)} GROUP BY doctor_id ORDER BY count(*) DESC, doctor_id LIMIT ${first}`;
const agenda = (range, { first = null }) => sql`
  SELECT ${APPOINTMENT} FROM appointments t
  WHERE ${whose(range)} AND keeps_seat
    AND starts_at >= ${now}::timestamptz - interval '2 days' AND starts_at < ${now}::timestamptz + interval '2 days'
    AND local_day = (SELECT (${now}::timestamptz AT TIME ZONE c.time_zone)::date FROM clinics c WHERE c.id = t.clinic_id)
  ORDER BY starts_at, id LIMIT ${first}`;
const nextSlot = async ({ doctorId }) => (await batches.nextSlots([doctorId], 1))[0][0] ?? null;

const figures = { statuses, utilisation, patients, revenue };
export const dashboards = {
  DoctorDashboard: { ...figures, agenda, nextSlot },
  ClinicDashboard: { ...figures, agenda, topDoctorsByBookings },
  AdminDashboard: { ...figures, topClinicsByBookings, topDoctorsByBookings },
};

// One transaction: the slot locked, its seats looked at, the appointment inserted.
export const bookAppointment = (_, { slot, patient, reason }) => sql.begin(async transaction => {
  const [free] = await transaction`
    SELECT capacity - booked_count - held_count AS seats FROM slots WHERE id = ${slot} AND is_active FOR NO KEY UPDATE`;
  if (!(free?.seats > 0)) throw new Error('this slot has no free seat');
  const [made] = await transaction`
    INSERT INTO appointments (slot_id, patient_id, status, reason)
    VALUES (${slot}, ${patient}, 'CONFIRMED', ${reason}) RETURNING ${APPOINTMENT}`;
  return made;
});
