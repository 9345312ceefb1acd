/** What a runbook says of a reason, in the list "Diagnose by reason": one line of Markdown. `weak_…` stands for all of that beginning. */
export function adviceOn(runbook: string, reason: string): string | undefined {
  return runbook
    .split('\n')
    .map((line) => /^- (`[^:]*`[^:]*): (.+)$/.exec(line))
    .find((found) => codesIn(found?.[1] ?? '').some((code) => isMeant(code, reason)))?.[2];
}

const codesIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

const isMeant = (code: string, reason: string): boolean =>
  code.endsWith('…') ? reason.startsWith(code.slice(0, -1)) : reason === code;
