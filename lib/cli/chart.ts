/** What is drawn: a column for each value, from the left; room for `slots` of them. */
export interface Columns {
  readonly values: readonly number[];
  readonly slots: number;
  readonly label: (value: number) => string;
}

const ROWS = 6;
const EIGHTHS = ' ▁▂▃▄▅▆▇█';

/** A chart for a terminal, line by line. Below the axis stands what is negative, as far as a mark goes; labels are at the left. */
export function columns({ values, slots, label }: Columns): string[] {
  const top = Math.max(0, ...values);
  const [highest, zero] = [label(top), label(0)];
  const margin = Math.max(highest.length, zero.length);
  const rows = Array.from({ length: ROWS }, (_, i) => {
    const floor = ROWS - 1 - i;
    const cells = values.map((value) => cell(top === 0 ? 0 : (value / top) * ROWS - floor));
    const axis = i === 0 ? `${highest.padStart(margin)} ┤` : `${''.padStart(margin)} │`;
    return `${axis}${cells.join('')}`.trimEnd();
  });
  const marks = Array.from({ length: slots }, (_, i) => ((values[i] ?? 0) < 0 ? '▼' : '─')).join('');
  return [...rows, `${zero.padStart(margin)} ┼${marks}`, `${''.padStart(margin)}  ${numbers(slots)}`];
}

/** Of one row, which is 1 high. */
const cell = (height: number): string => EIGHTHS[Math.round(Math.min(1, Math.max(0, height)) * 8)] ?? ' ';

/** The first, every tenth, and the last where there is room. */
function numbers(slots: number): string {
  let text = '1';
  for (let day = 10; day <= slots; day += 10) text = `${text.padEnd(day - 1)}${day}`;
  return text;
}
