// The tabs of a first visit, in this order. Dates count from today, because so does the demo data.
import agenda from "./agenda.graphql";
import doctorAgendas from "./doctor_agendas.graphql";
import doctors from "./doctors.graphql";
import doctorsNearby from "./doctors_nearby.graphql";
import freeSlots from "./free_slots.graphql";
import timeline from "./timeline.graphql";

const midnight = new Date().setUTCHours(0, 0, 0, 0);
const day = (offset) => new Date(midnight + offset * 86_400_000).toISOString().replace(".000", "");
const week = { from: day(0), to: day(7) };

const example = (query, variables) => ({
  query,
  variables: variables && JSON.stringify(variables, null, 2),
});

export const examples = [
  example(doctors),
  example(freeSlots, { filter: { ...week, specialty: "General practice" } }),
  example(doctorsNearby, { near: { latitude: -33.8688, longitude: 151.2093, radiusKm: 25 } }),
  example(agenda, { filter: { ...week, statuses: ["PENDING", "CONFIRMED"] } }),
  example(timeline),
  example(doctorAgendas, { filter: week }),
];
