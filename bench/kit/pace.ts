const STEP_MS = 1;

/** Starts something so many times a second, evenly, whether or not the one before has ended; answers how to stop. */
export function pace(perSecond: number, start: () => void): () => void {
  const began = performance.now();
  let started = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - began) / 1_000) * perSecond;
    for (; started < due; started += 1) start();
  }, STEP_MS);
  return () => clearInterval(timer);
}
