import { test } from 'vitest';
import { PAST } from '../kit/past-storms.ts';
import { again, simulate } from '../kit/simulate.ts';

test.each(Object.entries(PAST))('a storm of the past: %s', (_, plan) => again(plan));

simulate('a');
