// A doctor's day and her figures.
import { DoctorDayDocument, ScheduleChangedDocument } from "../../generated/graphql";
import { Agenda } from "./agenda";
import { dayAndTime } from "./format";
import { Revenue, Statuses, Tiles } from "./figures";
import { Loading } from "./loading";
import type { Range } from "./range";
import { useAnswer, useChanges } from "./use";

export function DoctorPage({ doctorId, range }: { doctorId: string; range: Range }) {
  const asked = useAnswer(DoctorDayDocument, { doctorId, range });
  const connected = useChanges(ScheduleChangedDocument, "doctorScheduleChanged", { doctorId }, asked.again);
  const figures = asked.data?.doctorDashboard;
  if (!figures) return <Loading asked={asked} />;
  const csv = { ...range, doctorId };
  const free = figures.nextSlot && dayAndTime(figures.nextSlot.start, figures.nextSlot.clinic?.timeZone);
  return (
    <div class="doctor" aria-busy={asked.busy}>
      <Agenda visits={figures.agenda} connected={connected} changed={asked.again} />
      <div class="cards">
        <Tiles figures={figures} free={free ?? undefined} />
        <Revenue figures={figures} csv={csv} />
        <Statuses figures={figures} csv={csv} />
      </div>
    </div>
  );
}
