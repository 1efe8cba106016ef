/** The iPXE script of a boot environment: its own, or one for its kernel. */
import { TinsmithError } from '../../errors.ts';
import type { Machine } from '../../machines/machines.ts';
import { type Environments, withToken } from '../environments.ts';
import { environmentScript, ownScript, type ScriptFacts } from './scripts.ts';

/**
 * Makes the script by which a machine boots its environment.
 * @param issue makes the token; called where one is in the script, once
 * @throws TinsmithError UNAVAILABLE where something is missing, INVALID_INPUT for a template that cannot be filled in
 */
export async function scriptOfEnvironment(
  environments: Environments | undefined,
  machine: Machine,
  environment: string,
  facts: Omit<ScriptFacts, 'token'>,
  issue: () => Promise<string>,
): Promise<string> {
  await environments?.verified(machine);
  let issued: Promise<string> | undefined;
  const token = (): Promise<string> => {
    issued ??= issue();
    return issued;
  };
  const boots = await withToken(token, (filled) =>
    environments?.bootOf(machine, { server: facts.server, token: filled }),
  );
  if (!boots) throw unavailable(environment, machine, ['it is not there']);
  if ('ipxe' in boots) return ownScript({ contents: boots.ipxe });
  if (boots.unusable.length > 0) throw unavailable(environment, machine, boots.unusable);
  return environmentScript({ ...boots, environment }, { ...facts, token: await token() });
}

function unavailable(environment: string, { name }: Machine, why: readonly string[]): TinsmithError {
  return new TinsmithError(
    'UNAVAILABLE',
    `Machine ${name} cannot boot its environment ${environment}: ${why.join('; ')}.`,
    { next: 'Add what is missing, or give the machine another environment: tinsmith machine bootenv' },
  );
}
