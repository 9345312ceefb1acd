import { MAIL_TOPIC, mailedTo } from '../lib/deployment.ts';
import type { Mail } from '../lib/notifiers/define.ts';
import { clock, compiledConfig, here, once } from './place.ts';

const byTopic = once(async () => {
  const { SnsMail } = await import('../lib/adapters/aws/sns-mail.ts');
  const { home } = compiledConfig().aws;
  return new SnsMail({ topic: `arn:aws:sns:${home}:${here().account}:${MAIL_TOPIC}`, clock });
});

/** How e-mails go out, if the config has any go out; the client of SNS is loaded with the first. */
export const mail = (): Mail | undefined =>
  mailedTo(compiledConfig().config).length === 0
    ? undefined
    : { send: async (sent) => (await byTopic()).send(sent) };
