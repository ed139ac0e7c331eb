// Small charts as inline SVG. Each has axes with labels, one hue, and the same data as a table for who would rather read.
import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

export interface Datum {
  name: string;
  value: number;
  shown: string; // the value as people read it
}

const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const STEPS = [1, 2, 2.5, 5, 10];

// Up to `most` round numbers from 0 to at least `highest`.
export function ticks(highest: number, most = 4): number[] {
  if (highest <= 0) return [0];
  const rough = highest / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, STEPS.map((each) => each * power).find((each) => each >= rough)!);
  return Array.from({ length: Math.ceil(highest / step) + 1 }, (_, index) => index * step);
}

// The width that there is, so that text keeps its size when a chart gets narrower.
function useWidth(): [RefObject<HTMLDivElement | null>, number] {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  return [box, width];
}

interface Figure {
  title: string;
  note?: string;
  columns: [string, string];
  rows: { name: string; shown: string }[];
  children: ComponentChildren;
  actions?: ComponentChildren;
}

// A chart with its heading, and its table to unfold.
export function Figure({ title, note, columns, rows, children, actions }: Figure) {
  const id = useId();
  return (
    <figure class="card" aria-labelledby={id}>
      <figcaption>
        <h2 id={id}>{title}</h2>
        {actions}
      </figcaption>
      {note && <p class="note">{note}</p>}
      {rows.length === 0 ? <p class="empty">Nothing in these days.</p> : children}
      {rows.length > 0 && (
        <details>
          <summary>As a table</summary>
          <div class="scroll" tabIndex={0} role="region" aria-label={`${title}, as a table`}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{columns[0]}</th>
                  <th scope="col" class="number">
                    {columns[1]}
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.map(({ name, shown }) => (
                  <tr key={name}>
                    <th scope="row">{name}</th>
                    <td class="number">{shown}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      )}
    </figure>
  );
}

// Values over time as columns from 0.
export function Columns({ data, label, axis }: { data: Datum[]; label: string; axis: (value: number) => string }) {
  const [box, width] = useWidth();
  const height = 190;
  const bottom = height - 22;
  const marks = ticks(Math.max(...data.map(({ value }) => value)));
  const left = Math.max(...marks.map((mark) => axis(mark).length)) * 7 + 8;
  const top = (value: number) => 8 + (bottom - 8) * (1 - Math.max(0, value) / Math.max(1, marks.at(-1)!));
  const step = (width - left) / data.length;
  const every = Math.max(1, Math.ceil(58 / step));
  return (
    <div ref={box} class="chart">
      <svg role="img" aria-label={label} width={width} height={height}>
        {marks.map((mark) => (
          <g key={mark}>
            <line class="grid" x1={left} x2={width} y1={top(mark)} y2={top(mark)} />
            <text class="tick" x={left - 6} y={top(mark) + 4} text-anchor="end">
              {axis(mark)}
            </text>
          </g>
        ))}
        {data.map(({ name, value, shown }, index) => (
          <g key={name}>
            <rect class="hit" x={left + index * step} y={8} width={Math.max(0, step)} height={bottom - 8}>
              <title>{`${name}: ${shown}`}</title>
            </rect>
            {value > 0 && (
              <rect
                class="bar"
                x={left + index * step + step * 0.12}
                y={top(value)}
                width={Math.max(0, step * 0.76)}
                height={bottom - top(value)}
              />
            )}
            {index % every === 0 && left + index * step + 46 < width && (
              <text class="tick" x={left + index * step} y={height - 5}>
                {name}
              </text>
            )}
          </g>
        ))}
      </svg>
    </div>
  );
}

// Names with bars behind their values, the most first: HTML, which reads well as it is.
export function Ranking({ data }: { data: (Datum & { detail?: string })[] }) {
  const most = Math.max(1, ...data.map(({ value }) => value));
  return (
    <ol class="ranking">
      {data.map(({ name, detail, value, shown }) => (
        <li key={name}>
          <span class="name">
            {name} {detail && <small>{detail}</small>}
          </span>
          <span class="number">{shown}</span>
          <svg aria-hidden="true" width="100%" height="6">
            <rect class="track" width="100%" height="6" rx="3" />
            <rect class="bar" width={`${(100 * Math.max(0, value)) / most}%`} height="6" rx="3" />
          </svg>
        </li>
      ))}
    </ol>
  );
}

interface Hour {
  weekday: number;
  hour: number;
  appointments: number;
}

// Weekdays by hours; the darker, the more.
export function HeatMap({ hours, label }: { hours: Hour[]; label: string }) {
  const [box, width] = useWidth();
  const most = Math.max(1, ...hours.map(({ appointments }) => appointments));
  const first = Math.min(...hours.map(({ hour }) => hour));
  const columns = Math.max(...hours.map(({ hour }) => hour)) - first + 1;
  const left = 36;
  const size = (width - left) / columns;
  const row = 24;
  const every = size < 26 ? Math.ceil(26 / size) : 1;
  return (
    <div ref={box} class="chart">
      <svg role="img" aria-label={label} width={width} height={7 * row + 20}>
        {WEEKDAYS.map((name, index) => (
          <text key={name} class="tick" x={0} y={index * row + 16}>
            {name}
          </text>
        ))}
        {hours.map(({ weekday, hour, appointments }) => (
          <rect
            key={`${weekday} ${hour}`}
            class="bar"
            x={left + (hour - first) * size + 1}
            y={(weekday - 1) * row + 1}
            width={Math.max(0, size - 2)}
            height={row - 2}
            rx="2"
            fill-opacity={0.08 + (0.92 * appointments) / most}
          >
            <title>{hourName({ weekday, hour }) + `: ${appointments}`}</title>
          </rect>
        ))}
        {Array.from({ length: columns }, (_, index) => index)
          .filter((index) => index % every === 0)
          .map((index) => (
            <text key={index} class="tick" x={left + (index + 0.5) * size} y={7 * row + 15} text-anchor="middle">
              {first + index}
            </text>
          ))}
      </svg>
      <p class="legend" aria-hidden="true">
        <span>0</span>
        <svg width="96" height="10">
          {[0.08, 0.31, 0.54, 0.77, 1].map((opacity, index) => (
            <rect key={opacity} class="bar" x={index * 20} width="18" height="10" rx="2" fill-opacity={opacity} />
          ))}
        </svg>
        <span>{most} appointments begin in this hour</span>
      </p>
    </div>
  );
}

export const hourName = ({ weekday, hour }: { weekday: number; hour: number }) =>
  `${WEEKDAYS[weekday - 1]} ${String(hour).padStart(2, "0")}:00`;
