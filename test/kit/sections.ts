import { afterAll, afterEach } from 'vitest';

/**
 * Prints at the end of a test file, for each section of the catalogue of faults, how many of its cases held:
 * `A: 31 of 31 cases`. A case belongs to the section with which its title begins: `A13 takes NXDOMAIN …`.
 */
export function countSections(): void {
  const sections = new Map<string, { held: number; all: number }>();

  afterEach(({ task }) => {
    const [section] = /^[A-Z](?=\d\d )/.exec(task.name) ?? [];
    if (section === undefined) return;
    const { held, all } = sections.get(section) ?? { held: 0, all: 0 };
    sections.set(section, { held: held + (task.result?.state === 'fail' ? 0 : 1), all: all + 1 });
  });

  afterAll(() => {
    for (const [section, { held, all }] of sections)
      process.stdout.write(`${section}: ${held} of ${all} cases\n`);
  });
}
