// Today's appointments, and the buttons that take each one step further.
import { useEffect, useRef, useState } from "preact/hooks";
import {
  CheckInDocument,
  CompleteVisitDocument,
  ConfirmAppointmentDocument,
  MarkNoShowDocument,
  StartVisitDocument,
  type AppointmentStatus,
  type RefusedFragment,
  type VisitFragment,
} from "../../generated/graphql";
import { ask } from "./api";
import { money, STATUS, time } from "./format";

interface Step {
  name: string;
  take: (appointmentId: string) => Promise<string | undefined>; // what was refused
}

interface Payload {
  userErrors: RefusedFragment[];
}

const input = (appointmentId: string) => ({ input: { appointmentId, idempotencyKey: crypto.randomUUID() } });
const refused = (payload: Payload | null | undefined, errors: { message: string }[]) =>
  payload ? payload.userErrors[0]?.message : (errors[0]?.message ?? "It was not done.");

const CONFIRM: Step = {
  name: "Confirm",
  take: async (id) => {
    const { data, errors } = await ask(ConfirmAppointmentDocument, input(id));
    return refused(data.confirmAppointment, errors);
  },
};
const CHECK_IN: Step = {
  name: "Check in",
  take: async (id) => {
    const { data, errors } = await ask(CheckInDocument, input(id));
    return refused(data.checkIn, errors);
  },
};
const START: Step = {
  name: "Start",
  take: async (id) => {
    const { data, errors } = await ask(StartVisitDocument, input(id));
    return refused(data.startVisit, errors);
  },
};
const COMPLETE: Step = {
  name: "Complete",
  take: async (id) => {
    const { data, errors } = await ask(CompleteVisitDocument, input(id));
    return refused(data.completeVisit, errors);
  },
};
const NO_SHOW: Step = {
  name: "No-show",
  take: async (id) => {
    const { data, errors } = await ask(MarkNoShowDocument, input(id));
    return refused(data.markNoShow, errors);
  },
};

const NEXT: Partial<Record<AppointmentStatus, Step>> = {
  PENDING: CONFIRM,
  CONFIRMED: CHECK_IN,
  CHECKED_IN: START,
  IN_PROGRESS: COMPLETE,
};
const OVER = new Set<AppointmentStatus>(["COMPLETED", "NO_SHOW"]);
const CHECK_IN_OPENS = 2 * 3_600_000; // milliseconds before the visit

// The steps that make sense now; the server has the last word.
function stepsOf({ status, slot }: VisitFragment): Step[] {
  const next = NEXT[status];
  const start = slot ? Date.parse(slot.start) : 0;
  if (status === "CONFIRMED" && Date.now() < start - CHECK_IN_OPENS) return [];
  return [...(next ? [next] : []), ...(status === "CONFIRMED" && Date.now() > start ? [NO_SHOW] : [])];
}

interface Agenda {
  visits: readonly VisitFragment[] | null | undefined;
  connected: boolean;
  changed: () => void;
  withDoctor?: boolean;
}

export function Agenda({ visits, connected, changed, withDoctor = false }: Agenda) {
  const [said, setSaid] = useState("");
  const [busy, setBusy] = useState("");
  const heading = useRef<HTMLHeadingElement>(null);
  const acted = useRef(false);
  // A visit that is over takes its button along: the keyboard goes on at the heading.
  useEffect(() => {
    if (acted.current && document.activeElement === document.body) heading.current?.focus();
  }, [visits]);
  const take = async (visit: VisitFragment, step: Step) => {
    setBusy(visit.id);
    acted.current = true;
    const problem = await step.take(visit.id).catch((error: Error) => error.message);
    setSaid(problem ?? `${step.name}: done for ${nameOf(visit)}.`);
    setBusy("");
    changed();
  };
  const over = visits?.filter(({ status }) => OVER.has(status)) ?? [];
  const ahead = visits?.filter(({ status }) => !OVER.has(status)) ?? [];
  const places = new Set(visits?.map(({ clinic }) => clinic?.name));
  const where = ({ doctor, clinic }: VisitFragment) =>
    withDoctor ? doctor?.user?.name : places.size > 1 ? clinic?.name : undefined;
  const shown = (visit: VisitFragment) => (
    <Visit key={visit.id} visit={visit} where={where(visit)} busy={busy === visit.id} take={busy ? undefined : take} />
  );
  return (
    <section class="card agenda" aria-labelledby="agenda">
      <header>
        <h2 id="agenda" ref={heading} tabIndex={-1}>
          Today
        </h2>
        <span class={connected ? "live" : "live off"}>{connected ? "Live" : "Connecting …"}</span>
      </header>
      <p role="status" class="said">
        {said}
      </p>
      {!visits && <p class="empty">This part is not available now.</p>}
      {visits?.length === 0 && <p class="empty">No appointments today.</p>}
      {over.length > 0 && (
        <details>
          <summary>{over.length === 1 ? "1 is over" : `${over.length} are over`}</summary>
          <ol>{over.map(shown)}</ol>
        </details>
      )}
      <ol>{ahead.map(shown)}</ol>
    </section>
  );
}

interface Shown {
  visit: VisitFragment;
  where: string | undefined;
  busy: boolean;
  take: ((visit: VisitFragment, step: Step) => void) | undefined;
}

function Visit({ visit, where, busy, take }: Shown) {
  const { slot, clinic, status } = visit;
  return (
    <li class={`visit ${status.toLowerCase()}`}>
      <span class="time">
        {slot && clinic && (
          <>
            <time dateTime={slot.start}>{time(slot.start, clinic.timeZone)}</time>
            <small>{time(slot.end, clinic.timeZone)}</small>
          </>
        )}
      </span>
      <span class="who">
        <strong>{nameOf(visit)}</strong>
        <small>{details(visit, where)}</small>
      </span>
      <span class={`status ${status.toLowerCase()}`}>{STATUS[status]}</span>
      <span class="steps">
        {stepsOf(visit).map((step, index) => (
          <button
            key={index}
            type="button"
            class={index ? "quiet" : ""}
            aria-disabled={busy}
            aria-label={`${step.name}: ${nameOf(visit)}`}
            onClick={() => take?.(visit, step)}
          >
            {step.name}
          </button>
        ))}
      </span>
    </li>
  );
}

const nameOf = ({ patient }: VisitFragment) => patient?.user?.name ?? "A patient";

function details({ reason, isFirstVisit, payment }: VisitFragment, where: string | undefined): string {
  const paid = payment && `${money(payment.amount)} ${payment.status.toLowerCase().replaceAll("_", " ")}`;
  return [isFirstVisit && "first visit", reason, where, paid].filter(Boolean).join(" · ");
}
