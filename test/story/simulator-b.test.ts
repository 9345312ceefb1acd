import { simulate } from '../kit/simulate.ts';

simulate('b');
