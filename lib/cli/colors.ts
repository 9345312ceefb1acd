import pc from 'picocolors';
import type { ShownStatus } from '../snapshot.ts';

/** Words of a status in its colour, on a terminal only. */
export function painter(color: boolean): {
  status(status: ShownStatus): string;
  dim(text: string): string;
  bold(text: string): string;
} {
  const colors = pc.createColors(color);
  const paint = {
    up: colors.green,
    degraded: colors.yellow,
    down: colors.red,
    unknown: colors.magenta,
    maintenance: colors.blue,
  };
  return { status: (status) => paint[status](status), dim: colors.dim, bold: colors.bold };
}
