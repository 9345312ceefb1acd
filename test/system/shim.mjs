import { openSync, readSync } from 'node:fs';

/**
 * Loaded into a container before anything else (`--import`): its clocks are ahead of the machine's by what the file
 * SYSTEM_TIME says (time.ts). Both leap, as they do in a Lambda that was frozen. Timers know nothing of it: time leaps
 * only while the container is frozen.
 */
const file = openSync(process.env.SYSTEM_TIME ?? '', 'r');
const read = new Float64Array(1);

/** By how many ms. */
function ahead() {
  readSync(file, read, 0, 8, 0);
  return read[0] ?? 0;
}

const MachineDate = Date;
const machineNow = Date.now;
const machineMonotonic = performance.now.bind(performance);
const start = ahead();

Date.now = () => Math.round(machineNow() + ahead());
performance.now = () => machineMonotonic() + ahead() - start;

globalThis.Date = new Proxy(MachineDate, {
  construct: (target, args, called) =>
    Reflect.construct(target, args.length > 0 ? args : [Date.now()], called),
  apply: () => new Date().toString(),
});
