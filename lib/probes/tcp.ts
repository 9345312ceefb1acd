import { hostPort } from '../net/host.ts';
import { Fault } from '../net/net.ts';
import type { Reason } from '../reasons.ts';
import { defineProbe } from './define.ts';
import { failed, found } from './finding.ts';

/** What each expectation takes for success, besides `open`: a firewall may swallow or reject what it blocks. */
const CLOSED: Readonly<Record<'refused' | 'closed', readonly Reason[]>> = {
  refused: ['connect_refused'],
  closed: ['connect_refused', 'connect_timeout', 'host_unreachable'],
};

/** A timer may fire a little early: with this much time left the try was stopped, and silence says nothing. */
const STOPPED_MS = 10;

/** Whether a port takes connections, or doesn't, as it should. */
export const tcp = defineProbe({
  type: 'tcp',
  summary: 'A TCP port is open, or closed, as it should be.',
  shape: (z, fields) => ({
    host: fields.host.describe('Host name or IP address'),
    port: fields.port.describe('Port'),
    connectTo: fields.address
      .optional()
      .describe('Address dialled in place of the one that the name resolves to'),
    expect: z
      .enum(['open', 'refused', 'closed'])
      .default('open')
      .describe('"open"; "refused"; or "closed": refused or no answer'),
  }),
  target: (check) => hostPort(check.host, check.port),

  async run({ host, port, connectTo, expect }, { net, clock, signal, deadline }) {
    const started = clock.monotonic();
    const elapsed = () => clock.monotonic() - started;
    const stopped = () => signal.aborted && deadline - clock.monotonic() > STOPPED_MS;
    const message = `${hostPort(host, port)} is open.`;
    const issues = expect === 'open' ? [] : [{ reason: 'port_open', message } as const];
    try {
      const { socket, address, phases, facts } = await net.dial(
        { host, port, connectTo },
        { deadline, signal },
      );
      socket.destroy();
      return found(issues, { latencyMs: elapsed(), phases, facts: { address, ...facts } });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { reasons, phases, facts } = error;
      const measured = { latencyMs: elapsed(), phases, facts };
      if (reasons.includes('connection_reset')) return found(issues, measured); // only what was open can be reset
      const isClosed = expect !== 'open' && reasons.every((reason) => CLOSED[expect].includes(reason));
      return isClosed && !stopped() ? found([], measured) : failed(error, elapsed());
    }
  },
});
