// GraphQL Yoga 5 with graphql-jit, and dataloaders made for each request.
import { createServer } from 'node:http';
import { useGraphQlJit } from '@envelop/graphql-jit';
import DataLoader from 'dataloader';
import { createSchema, createYoga } from 'graphql-yoga';
import { appointmentsOfDoctor, batches, bookAppointment, dashboards, roots, scalars, typeDefs } from './reads.mjs';

const PLAIN = ['user', 'clinic', 'doctor', 'patient', 'slot', 'payment', 'clinics'];
const makeLoaders = () => {
  const loaders = Object.fromEntries(PLAIN.map(name => [name, new DataLoader(batches[name])]));
  loaders.nextSlots = new DataLoader(
    keys => batches.nextSlots(keys.map(key => key.id), keys[0].first), { cacheKeyFn: key => `${key.id}:${key.first}` });
  return loaders;
};
const by = (name, key) => (row, _, { loaders }) => loaders[name].load(row[key]);

const schema = createSchema({
  typeDefs,
  resolvers: {
    ...scalars,
    Query: { ...roots, doctor: (_, { id }, { loaders }) => loaders.doctor.load(id) },
    Mutation: { bookAppointment },
    DoctorDashboard: { ...dashboards.DoctorDashboard, doctor: by('doctor', 'doctorId') },
    ClinicDashboard: { ...dashboards.ClinicDashboard, clinic: by('clinic', 'clinicId') },
    AdminDashboard: dashboards.AdminDashboard,
    Doctor: {
      user: by('user', 'userId'),
      clinics: by('clinics', 'id'),
      nextSlots: (doctor, { first }, { loaders }) => loaders.nextSlots.load({ id: doctor.id, first }),
      appointments: appointmentsOfDoctor,
    },
    Patient: { user: by('user', 'userId') },
    Slot: { doctor: by('doctor', 'doctorId'), clinic: by('clinic', 'clinicId') },
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
const yoga = createYoga({
  schema, context: () => ({ loaders: makeLoaders() }), plugins: [useGraphQlJit()],
  logging: 'error', graphiql: false, landingPage: false, maskedErrors: true,
});
createServer(yoga).listen(Number(process.env.BENCH_PORT), '127.0.0.1');
