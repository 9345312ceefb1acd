import type { Storm } from './storm.ts';

const CALM: Storm = {
  outages: [],
  unwell: [],
  cuts: [],
  maintenance: [],
  pagerDuty: [],
  store: [],
  calls: [],
  deaths: [],
  freezes: [],
  jumps: [],
  reloads: [],
};

/** Storms that something didn't survive, cut down to what mattered: each is lived through in every run. */
export const PAST: Readonly<Record<string, Storm>> = {
  'an outage begins between the start of a run and its look': {
    ...CALM,
    outages: [{ check: 'api', status: 'down', span: { from: 570_696, length: 32_019 } }],
    deaths: [{ at: 303_409, off: 172_209, kill: false }],
  },
  'a beat of the last minute is run late, after a freeze, in an outage that began meanwhile': {
    ...CALM,
    outages: [{ check: 'dns', status: 'down', span: { from: 613_084, length: 100_000 } }],
    freezes: [{ at: 552_075, ms: 73_891 }],
  },
  'our network comes back in the middle of a run, and the target is really down': {
    ...CALM,
    outages: [{ check: 'dns', status: 'down', span: { from: 241_782, length: 236_926 } }],
    cuts: [{ from: 178_194, length: 70_061 }],
  },
  'our network is cut between two runs of one beat, after a freeze': {
    ...CALM,
    cuts: [{ from: 440_490, length: 168_552 }],
    freezes: [{ at: 337_055, ms: 102_968 }],
    deaths: [{ at: 465_710, off: 146_406, kill: false }],
  },
  'our network comes back in the middle of a run that a freeze made late, and the target is really down': {
    ...CALM,
    outages: [{ check: 'api', status: 'down', span: { from: 585_141, length: 134_859 } }],
    cuts: [{ from: 534_936, length: 56_531 }],
    freezes: [{ at: 508_671, ms: 73_354 }],
  },
};
