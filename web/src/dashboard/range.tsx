// Which days: some that people often want, or any.
export interface Range {
  from: string;
  to: string;
}

const LONGEST = 366;

const PRESETS = [
  { name: "7 days", from: -6, to: 0 },
  { name: "30 days", from: -29, to: 0 },
  { name: "90 days", from: -89, to: 0 },
  { name: "12 months", from: -364, to: 0 },
  { name: "Next 7 days", from: 0, to: 6 },
];

// The day so many days from today, by this device's calendar.
function dayFromToday(offset: number): string {
  const now = new Date();
  return new Date(Date.UTC(now.getFullYear(), now.getMonth(), now.getDate() + offset)).toISOString().slice(0, 10);
}

function dayAfter(day: string, offset: number): string {
  return new Date(Date.parse(day) + offset * 86_400_000).toISOString().slice(0, 10);
}

export const lastMonth = (): Range => ({ from: dayFromToday(-29), to: dayFromToday(0) });

export function RangePicker({ range, choose }: { range: Range; choose: (range: Range) => void }) {
  const chooseFrom = (from: string) => from && choose({ from, to: clamp(range.to, from, dayAfter(from, LONGEST - 1)) });
  const chooseTo = (to: string) => to && choose({ from: clamp(range.from, dayAfter(to, 1 - LONGEST), to), to });
  return (
    <div class="range" role="group" aria-label="Days">
      <div class="presets">
        {PRESETS.map(({ name, from, to }) => {
          const days = { from: dayFromToday(from), to: dayFromToday(to) };
          const chosen = days.from === range.from && days.to === range.to;
          return (
            <button key={name} type="button" aria-pressed={chosen} onClick={() => choose(days)}>
              {name}
            </button>
          );
        })}
      </div>
      <label>
        From <input type="date" value={range.from} onChange={(event) => chooseFrom(event.currentTarget.value)} />
      </label>
      <label>
        to <input type="date" value={range.to} onChange={(event) => chooseTo(event.currentTarget.value)} />
      </label>
    </div>
  );
}

const clamp = (day: string, first: string, last: string) => (day < first ? first : day > last ? last : day);
