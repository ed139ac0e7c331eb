// A patient has an application of her own; here she sees when she is expected.
import { useMemo } from "preact/hooks";
import { NextVisitsDocument } from "../../generated/graphql";
import { dayAndTime, STATUS } from "./format";
import { Loading } from "./loading";
import { useAnswer } from "./use";

export function PatientPage({ name }: { name: string }) {
  const from = useMemo(() => new Date().toISOString(), []);
  const asked = useAnswer(NextVisitsDocument, { from });
  if (!asked.data) return <Loading asked={asked} />;
  const visits = asked.data.appointments?.edges.map(({ node }) => node) ?? [];
  return (
    <section class="card narrow" aria-labelledby="visits">
      <h2 id="visits">Your next visits</h2>
      <p>Hello {name}. This page is for those who work in a clinic; your clinic's application books and changes visits.</p>
      {visits.length === 0 && <p class="empty">Nothing is booked.</p>}
      <ol class="activity">
        {visits.map(({ id, status, slot, clinic, doctor }) => (
          <li key={id}>
            <strong>{slot && <time dateTime={slot.start}>{dayAndTime(slot.start, clinic?.timeZone)}</time>}</strong>
            <small>{[doctor?.user?.name, clinic?.name, STATUS[status].toLowerCase()].filter(Boolean).join(" · ")}</small>
          </li>
        ))}
      </ol>
    </section>
  );
}
