import type { Letter, Signal, SignalFormat } from '../signal.ts';
import { budgets } from './budgets.ts';
import { cloudwatch } from './cloudwatch.ts';
import { costAnomaly } from './cost-anomaly.ts';
import { event } from './event.ts';
import { health } from './health.ts';
import { textSignal } from './text.ts';

/** Every format, the most particular first. */
export const SIGNALS: readonly SignalFormat[] = [cloudwatch, health, costAnomaly, budgets, event];

/** What a letter says. Whatever it is, it says something. */
export function readLetter(letter: Letter): Signal {
  const json = jsonIn(letter.text);
  for (const { read } of SIGNALS) {
    const signal = read(letter, json);
    if (signal) return signal;
  }
  return textSignal(letter);
}

/** Some senders wrap JSON in a JSON string. */
function jsonIn(text: string): unknown {
  try {
    const value = JSON.parse(text);
    return typeof value === 'string' ? jsonIn(value) : value;
  } catch {
    return undefined;
  }
}
