// What is shown in place of an answer.
import type { Asked } from "./use";

export function Loading({ asked }: { asked: Asked<unknown> }) {
  if (asked.busy) return <p role="status">Loading …</p>;
  return (
    <div class="card" role="alert">
      <p>{asked.problem || "There is nothing for you to see here."}</p>
      <button type="button" onClick={asked.again}>
        Try again
      </button>
    </div>
  );
}
