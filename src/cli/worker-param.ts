/** `tinsmith worker param`: params of a machine, by scripts that run on it. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { ParamsAnswer, ParamsChanged } from '../api/types.ts';
import { TinsmithError } from '../errors.ts';
import { Client } from './client.ts';
import { usage } from './command.ts';
import { valueIn } from './machine/param.ts';
import { writeJson } from './output.ts';
import type { Terminal } from './terminal.ts';

/** An appliance that is started anew is away for so long at most: hours of a script's work are not lost for that, ms. */
const PATIENCE = 60_000;
const PAUSE = 1_000;

export const PARAM_ACTIONS = ['get', 'set', 'unset'] as const;

/** What a script wants of which param. */
export interface ParamCall {
  action: (typeof PARAM_ACTIONS)[number] | undefined;
  name: string | undefined;
  /** JSON, or a text; without it, or with `-` (of which yargs makes an empty text), it comes on standard input. */
  value: string | undefined;
  /** A text is written as it is, not as JSON. */
  raw: boolean;
  /** By default what the worker tells its scripts. */
  server: string | undefined;
  token: string | undefined;
}

/** @throws TinsmithError NOT_FOUND where nobody gives the param; what the appliance refuses */
export async function workerParam(call: ParamCall, terminal: Terminal): Promise<void> {
  const { action, name, value, raw } = call;
  if (action === undefined || name === undefined)
    throw usage('Which param, and what about it?', 'Say get NAME, set NAME VALUE or unset NAME.');
  if (action !== 'set' && value !== undefined) throw usage(`${action} takes no value.`);
  const client = clientOf(call, terminal);
  const read = () => patiently(() => client.find<ParamsAnswer>('worker/params', { name }), terminal);
  const change = (body: object) => patiently(() => client.post<ParamsChanged>('worker/params', body), terminal);
  switch (action) {
    case 'get': {
      const found = (await read()).params[name];
      if (found === undefined)
        throw new TinsmithError('NOT_FOUND', `This machine has no param ${name}, and nothing else gives it.`, {
          next: 'Set it for the machine, a profile or its stage, or give the param a default.',
        });
      if (raw && typeof found.value === 'string') terminal.stdout.write(`${found.value}\n`);
      else writeJson(terminal, found.value);
      return;
    }
    case 'set': {
      const given = valueIn(value || (await inputOf(terminal)), undefined);
      const { secure, sealingKey } = await read();
      const { seal } = await import('../life/seal.ts');
      const sent = secure.includes(name) ? seal(sealingKey, given) : given;
      return writeJson(terminal, await change({ set: { [name]: sent } }));
    }
    case 'unset':
      return writeJson(terminal, await change({ unset: [name] }));
  }
}

/** Does it again for as long as nobody answers. */
async function patiently<T>(call: () => Promise<T>, { interrupted }: Pick<Terminal, 'interrupted'>): Promise<T> {
  for (const until = Date.now() + PATIENCE; ; ) {
    try {
      return await call();
    } catch (error) {
      const isAway = error instanceof TinsmithError && error.code === 'UNREACHABLE';
      if (!isAway || Date.now() >= until) throw error;
    }
    await sleep(PAUSE, undefined, { signal: interrupted });
  }
}

/** The end of the line is no part of what a program writes. */
async function inputOf(terminal: Terminal): Promise<string> {
  return (await terminal.input()).toString('utf8').replace(/\r?\n$/, '');
}

function clientOf({ server, token }: ParamCall, { environment, interrupted }: Terminal): Client {
  const found = {
    server: server ?? environment.RS_ENDPOINT ?? environment.TINSMITH_SERVER,
    token: token ?? environment.RS_TOKEN ?? environment.TINSMITH_TOKEN,
  };
  if (!found.server || !found.token)
    throw usage(
      `There is no ${[found.server ? '' : 'RS_ENDPOINT', found.token ? '' : 'RS_TOKEN'].filter(Boolean).join(' and no ')} in the environment.`,
      'The worker gives both to the scripts of Tasks; elsewhere give --server and --token.',
    );
  return new Client({ server: found.server }, { environment: { TINSMITH_TOKEN: found.token }, interrupted });
}
