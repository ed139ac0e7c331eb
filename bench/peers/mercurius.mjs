// Mercurius 16 on Fastify 5: JIT from the second request on, loaders without a cache beyond the request.
import Fastify from 'fastify';
import mercurius from 'mercurius';
import { appointmentsOfDoctor, batches, bookAppointment, dashboards, roots, scalars, typeDefs } from './reads.mjs';

const uncached = loader => ({ loader, opts: { cache: false } });
const by = (name, key) => uncached(queries => batches[name](queries.map(({ obj }) => obj[key])));

const app = Fastify({ logger: false });
app.register(mercurius, {
  schema: typeDefs,
  jit: 1,
  graphiql: false,
  resolvers: {
    ...scalars,
    ...dashboards,
    Query: { ...roots, doctor: async (_, { id }) => (await batches.doctor([id]))[0] },
    Mutation: { bookAppointment },
    Doctor: { appointments: appointmentsOfDoctor },
  },
  loaders: {
    Doctor: {
      user: by('user', 'userId'),
      clinics: by('clinics', 'id'),
      nextSlots: uncached(queries => batches.nextSlots(queries.map(({ obj }) => obj.id), queries[0].params.first)),
    },
    Patient: { user: by('user', 'userId') },
    Slot: { doctor: by('doctor', 'doctorId'), clinic: by('clinic', 'clinicId') },
    DoctorDashboard: { doctor: by('doctor', 'doctorId') },
    ClinicDashboard: { clinic: by('clinic', 'clinicId') },
    ClinicBookings: { clinic: by('clinic', 'clinicId') },
    DoctorBookings: { doctor: by('doctor', 'doctorId') },
    Appointment: {
      patient: by('patient', 'patientId'),
      doctor: by('doctor', 'doctorId'),
      clinic: by('clinic', 'clinicId'),
      slot: by('slot', 'slotId'),
      payment: by('payment', 'id'),
    },
  },
});
await app.listen({ port: Number(process.env.BENCH_PORT), host: '127.0.0.1' });
