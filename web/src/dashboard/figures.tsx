// The figures that all dashboards have, each beside the same number of days before.
import { useState } from "preact/hooks";
import type { BeforeFragment, NetOfDayFragment } from "../../generated/graphql";
import { download } from "./api";
import { Columns, Figure, Ranking } from "./charts";
import { count, day, days, money, percent, roundMoney, STATUS, wholeMoney } from "./format";
import type { Range } from "./range";

export interface Figures extends Omit<BeforeFragment, "before"> {
  revenueByDay: NetOfDayFragment[] | null;
  waitlistLength: number | null;
  before: BeforeFragment;
}

interface Tile {
  name: string;
  value: string;
  detail?: string;
  parts?: string[];
  change?: string | undefined;
}

const DAY = 86_400_000; // milliseconds
const NOT_NOW = "not available now";

function Tile({ name, value, detail, parts, change }: Tile) {
  return (
    <div class={parts ? "tile wide" : "tile"}>
      <dt>{name}</dt>
      <dd>
        {value && <strong>{value}</strong>}
        {parts && (
          <ul>
            {parts.map((part) => (
              <li key={part}>{part}</li>
            ))}
          </ul>
        )}
        {detail && <span>{detail}</span>}
        {change && <span class="change">{change}</span>}
      </dd>
    </div>
  );
}

// How a figure differs from that of the days before, in words: colours would have to know what is good.
function changeOf(
  now: number | null | undefined,
  before: number | null | undefined,
  shown: (value: number) => string = count,
): string | undefined {
  if (now == null || before == null) return undefined;
  if (shown(now) === shown(before)) return "as before";
  return now > before ? `▲ up from ${shown(before)}` : `▼ down from ${shown(before)}`;
}

export function Tiles({ figures, free }: { figures: Figures; free?: string | undefined }) {
  const { statuses, utilisation, patients, leadTimes, freedSeats, revenue, before, waitlistLength } = figures;
  return (
    <dl class="tiles">
      <Tile
        name="Appointments"
        value={statuses ? count(statuses.total) : NOT_NOW}
        change={changeOf(statuses?.total, before.statuses?.total)}
      />
      <Tile
        name="Utilisation"
        value={percent(utilisation?.rate)}
        detail={utilisation ? `${count(utilisation.taken)} of ${count(utilisation.offered)} seats` : NOT_NOW}
        change={changeOf(utilisation?.rate, before.utilisation?.rate, percent)}
      />
      {revenue?.length === 1 ? (
        <Tile
          name="Revenue"
          value={wholeMoney(revenue[0]!.net)}
          change={changeOf(revenue[0]!.net.amount, before.revenue?.[0]?.net.amount, (amount) =>
            wholeMoney({ ...revenue[0]!.net, amount }),
          )}
        />
      ) : (
        <Tile
          name="Revenue"
          value={revenue ? (revenue.length ? "" : "–") : NOT_NOW}
          {...(revenue?.length && { parts: revenue.map(({ net }) => wholeMoney(net)) })}
        />
      )}
      <Tile
        name="No-show rate"
        value={percent(statuses?.noShowRate)}
        detail={statuses ? `${count(statuses.noShow)} did not come` : NOT_NOW}
        change={changeOf(statuses?.noShowRate, before.statuses?.noShowRate, percent)}
      />
      <Tile
        name="Cancellation rate"
        value={percent(statuses?.cancellationRate)}
        detail={freedSeats ? `${count(freedSeats.filledAgain)} of ${count(freedSeats.freed)} seats filled again` : NOT_NOW}
        change={changeOf(statuses?.cancellationRate, before.statuses?.cancellationRate, percent)}
      />
      <Tile
        name="New patients"
        value={patients ? count(patients.new) : NOT_NOW}
        {...(patients && { detail: `${count(patients.returning)} returning` })}
        change={changeOf(patients?.new, before.patients?.new)}
      />
      <Tile name="Median lead time" value={leadTimes?.medianDays == null ? "–" : days(leadTimes.medianDays)} />
      <Tile
        name="Waitlist"
        value={waitlistLength == null ? NOT_NOW : count(waitlistLength)}
        {...(free && { detail: `next free: ${free}` })}
      />
    </dl>
  );
}

// Revenue by day in one currency: they are never added up. More than three months are shown by week.
export function Revenue({ figures, csv }: { figures: Figures; csv: Record<string, string> }) {
  const { revenueByDay, from, to } = figures;
  const [chosen, choose] = useState("");
  if (!revenueByDay) return <Missing title="Revenue by day" />;
  const currencies = [...new Set(revenueByDay.map(({ net }) => net.currency))];
  const inCurrency = (currency: string) => revenueByDay.filter(({ net }) => net.currency === currency);
  const busiest = currencies.toSorted((one, other) => inCurrency(other).length - inCurrency(one).length)[0] ?? "";
  const currency = currencies.includes(chosen) ? chosen : busiest;
  const width = (Date.parse(to) - Date.parse(from)) / DAY > 92 ? 7 : 1;
  const title = `Revenue by ${width === 7 ? "week" : "day"}`;
  const data = summed(inCurrency(currency), { from, to }, width).map(({ day: first, amount }) => ({
    name: day(first),
    value: amount,
    shown: currency && money({ amount, currency }),
  }));
  const most = data.reduce((best, each) => (each.value > best.value ? each : best), data[0]!);
  return (
    <Figure
      title={title}
      note="Captured less refunded, on the day it was captured."
      columns={[width === 7 ? "Week from" : "Day", "Revenue"]}
      rows={currency ? data : []}
      actions={
        <>
          {currencies.length > 1 && (
            <select aria-label="Currency" value={currency} onChange={(event) => choose(event.currentTarget.value)}>
              {currencies.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          )}
          <Csv table="revenue" parameters={csv} />
        </>
      }
    >
      <Columns
        data={data}
        label={`${title}, ${day(from)} to ${day(to)}. The most was ${most.shown} on ${most.name}.`}
        axis={(amount) => roundMoney({ amount, currency })}
      />
    </Figure>
  );
}

// Sums of equal numbers of days from the first day on; days that are missing are 0.
function summed(rows: NetOfDayFragment[], { from, to }: Range, width: number): { day: string; amount: number }[] {
  const start = Date.parse(from);
  const sums = Array.from({ length: Math.floor((Date.parse(to) - start) / DAY / width) + 1 }, (_, index) => ({
    day: new Date(start + index * width * DAY).toISOString().slice(0, 10),
    amount: 0,
  }));
  for (const row of rows) sums[Math.floor((Date.parse(row.day) - start) / DAY / width)]!.amount += row.net.amount;
  return sums;
}

export function Statuses({ figures, csv }: { figures: Figures; csv: Record<string, string> }) {
  const { statuses } = figures;
  if (!statuses) return <Missing title="By status" />;
  const data = [
    { name: STATUS.PENDING, value: statuses.pending },
    { name: STATUS.CONFIRMED, value: statuses.confirmed },
    { name: STATUS.CHECKED_IN, value: statuses.checkedIn },
    { name: STATUS.IN_PROGRESS, value: statuses.inProgress },
    { name: STATUS.COMPLETED, value: statuses.completed },
    { name: STATUS.NO_SHOW, value: statuses.noShow },
    { name: STATUS.CANCELLED, value: statuses.cancelled },
    { name: STATUS.DECLINED, value: statuses.declined },
  ].map((each) => ({ ...each, shown: count(each.value) }));
  return (
    <section class="card" aria-labelledby="by-status">
      <header>
        <h2 id="by-status">By status</h2>
        <Csv table="days" parameters={csv} />
      </header>
      <Ranking data={data} />
    </section>
  );
}

// A part that failed alone.
export function Missing({ title }: { title: string }) {
  return (
    <section class="card">
      <h2>{title}</h2>
      <p class="empty">This part is {NOT_NOW}.</p>
    </section>
  );
}

// Saves what a card shows, and more of it.
export function Csv({ table, parameters }: { table: string; parameters: Record<string, string> }) {
  const [said, setSaid] = useState("");
  const save = () => {
    setSaid("");
    download(table, parameters).catch((error: Error) => setSaid(error.message));
  };
  return (
    <span class="csv">
      <span role="status">{said}</span>
      <button type="button" class="quiet" onClick={save} aria-label={`Save ${table} as CSV`}>
        CSV
      </button>
    </span>
  );
}
