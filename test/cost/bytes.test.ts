import { connect, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { TRY_BYTES } from '../../lib/cost/around.ts';
import { closesAtEnd } from '../kit/at-end.ts';
import { makeAuthority } from '../kit/ca.ts';
import { httpCheck, runHttp } from '../kit/http.ts';
import { httpsServer, listening } from '../kit/tls-server.ts';

const started = closesAtEnd();

it('a try of an https check sends as many bytes as are reckoned', async () => {
  const root = makeAuthority();
  const { key, cert } = root.intermediate().issue({ names: ['www.example.com'] });
  const server = await started(httpsServer({ key, cert }, (_, answer) => answer.end('ok')));
  let sent = 0;
  const between = createServer((client) => {
    const upstream = connect({ port: server.port, host: '127.0.0.1' });
    client.on('data', (bytes) => {
      sent += bytes.length;
      upstream.write(bytes);
    });
    upstream.pipe(client);
    for (const socket of [client, upstream]) socket.on('error', () => client.destroy());
    client.on('close', () => upstream.destroy());
  });
  const { port } = await started(listening(between));
  const check = httpCheck({
    url: 'https://www.example.com/',
    connectTo: `127.0.0.1:${port}`,
    ca: root.pem,
  });
  expect(await runHttp(check)).toMatchObject({ status: 'up' });
  expect(sent).toBeLessThanOrEqual(TRY_BYTES);
  expect(sent).toBeGreaterThan(TRY_BYTES * 0.95);
});
