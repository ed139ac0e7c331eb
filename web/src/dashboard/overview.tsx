// Many doctors at once: of one clinic, or of all.
import { useEffect } from "preact/hooks";
import {
  ClinicChangedDocument,
  ClinicOverviewDocument,
  EverythingDocument,
  type EverythingQuery,
  type StepFragment,
} from "../../generated/graphql";
import { Agenda } from "./agenda";
import { Figure, HeatMap, hourName, Ranking } from "./charts";
import { Csv, type Figures, Missing, Revenue, Statuses, Tiles } from "./figures";
import { ago, count, dayAndTime, STATUS } from "./format";
import { Loading } from "./loading";
import type { Range } from "./range";
import { useAnswer, useChanges } from "./use";

const EVERY = 60_000; // milliseconds; of everything there is no subscription

type Everything = NonNullable<EverythingQuery["adminDashboard"]>;
type Compared = Figures &
  Pick<Everything, "load" | "topDoctorsByBookings" | "topSpecialtiesByBookings" | "activity"> &
  Partial<Pick<Everything, "topClinicsByBookings">>;

export function EverythingPage({ range }: { range: Range }) {
  const asked = useAnswer(EverythingDocument, { range });
  useEffect(() => {
    const timer = setInterval(() => document.hidden || asked.again(), EVERY);
    return () => clearInterval(timer);
  }, [asked.again]);
  const figures = asked.data?.adminDashboard;
  if (!figures) return <Loading asked={asked} />;
  return (
    <div class="cards" aria-busy={asked.busy}>
      <Compared figures={figures} csv={{ ...range }} />
    </div>
  );
}

export function ClinicPage({ clinicId, range }: { clinicId: string; range: Range }) {
  const asked = useAnswer(ClinicOverviewDocument, { clinicId, range });
  const connected = useChanges(ClinicChangedDocument, "appointmentChanged", { clinicId }, asked.again);
  const figures = asked.data?.clinicDashboard;
  if (!figures) return <Loading asked={asked} />;
  const free = figures.nextSlot && dayAndTime(figures.nextSlot.start, figures.nextSlot.clinic?.timeZone);
  const visits = figures.agenda?.edges.map(({ node }) => node);
  return (
    <div class="doctor" aria-busy={asked.busy}>
      <Agenda visits={visits} connected={connected} changed={asked.again} withDoctor />
      <div class="cards">
        <Compared figures={figures} csv={{ ...range, clinicId }} free={free ?? undefined} />
      </div>
    </div>
  );
}

interface Shown {
  figures: Compared;
  csv: Record<string, string>;
  free?: string | undefined;
}

function Compared({ figures, csv, free }: Shown) {
  const { load, topClinicsByBookings, topDoctorsByBookings, topSpecialtiesByBookings, activity } = figures;
  const busiest = load?.reduce((most, each) => (each.appointments > most.appointments ? each : most), load[0]!);
  return (
    <>
      <Tiles figures={figures} free={free} />
      <Revenue figures={figures} csv={csv} />
      {load ? (
        <Figure
          title="Load by weekday and hour"
          note="Appointments by the hour in which they begin, on the clinic's clock."
          columns={["Hour", "Appointments"]}
          rows={load.map((each) => ({ name: hourName(each), shown: count(each.appointments) }))}
          actions={<Csv table="load" parameters={csv} />}
        >
          <HeatMap hours={load} label={`Load by weekday and hour. The busiest is ${busiest && hourName(busiest)}.`} />
        </Figure>
      ) : (
        <Missing title="Load by weekday and hour" />
      )}
      {topClinicsByBookings && (
        <Top
          title="Clinics with the most bookings"
          table="clinics"
          csv={csv}
          data={topClinicsByBookings.map(({ bookings, clinic }) => ranked(clinic?.name, bookings, clinic?.city))}
        />
      )}
      {topDoctorsByBookings && (
        <Top
          title="Doctors with the most bookings"
          table="doctors"
          csv={csv}
          data={topDoctorsByBookings.map(({ bookings, doctor }) =>
            ranked(doctor?.user?.name, bookings, doctor?.specialty ?? undefined),
          )}
        />
      )}
      {topSpecialtiesByBookings && (
        <Top
          title="Specialties with the most bookings"
          table="specialties"
          csv={csv}
          data={topSpecialtiesByBookings.map(({ bookings, specialty }) => ranked(specialty, bookings))}
        />
      )}
      <Statuses figures={figures} csv={csv} />
      {activity && <Activity steps={activity} csv={csv} />}
    </>
  );
}

const ranked = (name: string | undefined, value: number, detail?: string) => ({
  name: name ?? "–",
  value,
  shown: count(value),
  ...(detail && { detail }),
});

interface Top {
  title: string;
  table: string;
  csv: Record<string, string>;
  data: ReturnType<typeof ranked>[];
}

function Top({ title, table, csv, data }: Top) {
  return (
    <section class="card" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <Csv table={table} parameters={csv} />
      </header>
      {data.length ? <Ranking data={data} /> : <p class="empty">Nothing in these days.</p>}
    </section>
  );
}

function Activity({ steps, csv }: { steps: readonly StepFragment[]; csv: Record<string, string> }) {
  return (
    <section class="card" aria-label="Latest activity">
      <header>
        <h2>Latest activity</h2>
        <Csv table="appointments" parameters={csv} />
      </header>
      <ol class="activity">
        {steps.map(({ at, from, to, actor, appointment }) => (
          <li key={`${at} ${appointment?.id} ${to}`}>
            <span>
              <strong>{appointment?.patient?.user?.name ?? "An appointment"}</strong>{" "}
              {from ? `${STATUS[from].toLowerCase()} → ${STATUS[to].toLowerCase()}` : `booked, ${STATUS[to].toLowerCase()}`}
            </span>
            <small>
              <time dateTime={at}>{ago(at)}</time>
              {[actor && `by ${actor.name}`, appointment?.clinic?.name].filter(Boolean).map((part) => ` · ${part}`)}
            </small>
          </li>
        ))}
      </ol>
    </section>
  );
}
