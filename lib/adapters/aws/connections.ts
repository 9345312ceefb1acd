import { type AgentOptions, type ClientRequest, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';

/** As the SDK's own agents have it: connections stay open between requests, and between calls of a function. */
const KEPT: AgentOptions = { keepAlive: true, maxSockets: 50 };

/**
 * The connections of a client. While Lambda holds a process still, those that it keeps may end without its notice: the
 * next request then finds one that is dead. Then all that are idle are as old, and none is used again; otherwise each
 * repeated request would find the next dead one, until its tries are used up.
 */
export const connections = () => ({
  requestHandler: { httpAgent: wary(new HttpAgent(KEPT)), httpsAgent: wary(new HttpsAgent(KEPT)) },
});

function wary<A extends HttpAgent>(agent: A): A {
  const reuse = agent.reuseSocket.bind(agent);
  agent.reuseSocket = (socket: Duplex, request: ClientRequest) => {
    reuse(socket, request);
    request.once('error', () => forgetIdle(agent));
  };
  return agent;
}

function forgetIdle({ freeSockets }: HttpAgent): void {
  for (const socket of Object.values(freeSockets).flat()) socket?.destroy();
}
